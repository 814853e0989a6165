import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail, newProgram, runProgram } from '../bin/program.js'
import { fanout } from './fanout.bench.js'
import { footprint } from './footprint.bench.js'
import { hooks } from './hooks.bench.js'
import { ingest } from './ingest.bench.js'
import { latency } from './latency.bench.js'
import { describeMachine, type Machine } from './machine.js'
import { pulse } from './pulse.bench.js'
import { amount, table, targetText } from './report.js'
import { resume } from './resume.bench.js'
import { startup } from './startup.bench.js'
import { median } from './stats.js'
import { added, ratio, verdict, type Bench, type Row, type Side } from './suite.js'
import { v1Shim } from './v1.bench.js'
import { wrapper } from './wrapper.bench.js'

interface Flags {
  json?: string
  only?: string[]
  quick?: boolean
}

const benches: readonly Bench[] = [
  ingest,
  fanout,
  latency,
  resume,
  footprint,
  startup,
  wrapper,
  hooks,
  pulse,
  v1Shim,
]
const rounds = { full: 5, quick: 3 }

const program = newProgram(
  'bench',
  'Measures the hub, beside nats-server and redis-server where they are installed, the wrapper, beside bare terminals, and the full-screen Pulse.',
)
  .option('--json <file>', 'where the results go (default: bench/results/<date>.json)')
  .option('--only <name...>', `only these: ${benches.map(({ name }) => name).join(', ')}`)
  .option('--quick', 'fewer and shorter rounds: under a minute')
  .addHelpText(
    'after',
    `
Benches:
${benches.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}

Each number is the median of its rounds, in which the candidates take turns; each ratio is the median of the rounds'
ratios. Exit code 1: a target was missed, or a bench failed.`,
  )
  .action((flags: Flags) => main(flags))

await runProgram(program, process.argv)

async function main(flags: Flags): Promise<void> {
  const unknown = flags.only?.filter((name) => benches.every((bench) => bench.name !== name)) ?? []
  if (unknown.length > 0) fail('bench', `no bench ${unknown.join(', ')}; --help lists them`, 2)
  // An end by a signal is an exit as any other: the guard takes away what is left.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

  const started = new Date()
  const machine = describeMachine()
  console.log(headline(machine))
  const say = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text} …`)
  }
  const rows: Row[] = []
  const failures: { bench: string; message: string }[] = []
  for (const bench of benches.filter(({ name }) => flags.only?.includes(name) ?? true)) {
    try {
      const effort = { isQuick: flags.quick ?? false, rounds: flags.quick ? rounds.quick : rounds.full, say }
      rows.push(...(await bench.run(effort)))
    } catch (error) {
      failures.push({ bench: bench.name, message: (error as Error).message })
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')

  console.log(`\n${table(rows)}\n`)
  for (const row of rows) if (row.note) console.log(`${row.name} – ${row.note}`)
  const seconds = (Date.now() - started.getTime()) / 1_000
  const file = writeResults(flags.json, { started, seconds, machine, rows, failures })
  console.log(`${seconds.toFixed(0)} s; written to ${path.relative(process.cwd(), file)}`)

  const missed = rows.filter((row) => verdict(row) === 'missed')
  for (const row of missed)
    console.log(`missed: ${row.name}, ${targetText(row.target!, row.unit)}; it was ${measuredText(row)}`)
  for (const { bench, message } of failures) console.log(`failed: ${bench}: ${message}`)
  process.exitCode = missed.length + failures.length > 0 ? 1 : 0
}

function headline({ cpu, cores, os, node, load_average, versions }: Machine): string {
  const { aoc_pulse, nats, redis } = versions
  const absent = [nats === null ? 'nats-server' : '', redis === null ? 'redis-server' : ''].filter(Boolean)
  return [
    `aoc-pulse ${aoc_pulse}, Node ${node.slice(1)}, ${cpu} × ${cores}, ${os}`,
    `load average ${load_average.join(' ')}; nats-server ${nats ?? 'absent'}, redis-server ${redis ?? 'absent'}`,
    ...(absent.length > 0 ? [`to compare with what is absent: apt-get install ${absent.join(' ')}`] : []),
  ].join('\n')
}

function measuredText(row: Row): string {
  const { target } = row
  if (target?.kind === 'added') return `${amount(added(row)!, row.unit)} more`
  if (target?.kind === 'ratio') return ratio(row, target.to)!.toFixed(2)
  return amount(median(row.rounds.ours), row.unit)
}

/** Writes the results down. @returns the file. */
function writeResults(
  given: string | undefined,
  run: { started: Date; seconds: number; machine: Machine; rows: Row[]; failures: unknown[] },
): string {
  const date = run.started.toISOString().slice(0, 19).replaceAll(':', '-')
  const file = path.resolve(given ?? path.join(packageRoot(), 'bench', 'results', `${date}.json`))
  const results = run.rows.map((row) => {
    const sides = Object.keys(row.rounds) as Side[]
    const beside = sides.filter((side) => side !== 'ours')
    return {
      name: row.name,
      unit: row.unit,
      medians: Object.fromEntries(sides.map((side) => [side, median(row.rounds[side]!)])),
      ratios: Object.fromEntries(beside.map((side) => [side, ratio(row, side)])),
      target: row.target ? targetText(row.target, row.unit) : null,
      verdict: verdict(row),
      rounds: row.rounds,
      note: row.note,
    }
  })
  const { started, seconds, machine, failures } = run
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, `${JSON.stringify({ started, seconds, machine, results, failures }, null, 2)}\n`)
  return file
}

/** The folder of package.json: above `dist/bench` or wherever else the build went. */
function packageRoot(): string {
  let dir = path.dirname(fileURLToPath(import.meta.url))
  while (!fs.existsSync(path.join(dir, 'package.json'))) dir = path.dirname(dir)
  return dir
}
