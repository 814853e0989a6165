/**
 * A small program with a screen, for test/process/pulse-terminal.test.ts: shows its size, how often it drew and the
 * last keys, and does what some keys say: q quit, x exit, t throw, r reject, z suspend, l redraw, f draw without end.
 * AOC_TEST_DIST is the build.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (file) => import(pathToFileURL(path.join(process.env.AOC_TEST_DIST, 'lib/pulse', file)).href)
const { openTerminal } = await load('terminal/terminal.js')
const { themeName } = await load('terminal/theme.js')
const { Grid } = await load('view/grid.js')
const { style, plain } = await load('view/style.js')

const keys = []
let draws = 0
let isFlood = false

const does = {
  q: () => void terminal.close().then(() => console.log('closed')),
  x: () => process.exit(3),
  t: () => {
    throw new Error('broken\u001b[31m on purpose')
  },
  r: () => void Promise.reject(new Error('rejected on purpose')),
  z: () => terminal.suspend(),
  l: () => terminal.redraw(),
  f: () => flood(),
  b: () => terminal.write('\u0007'),
}

const terminal = openTerminal({
  stdin: process.stdin,
  stdout: process.stdout,
  env: process.env,
  theme: themeName(process.env),
  name: 'full-screen',
  onKey(key) {
    keys.push(
      key.name ?? (key.kind === 'text' ? key.text : `${key.kind}:${Object.values(key).slice(1).join()}`),
    )
    if (key.kind === 'text') does[key.text]?.()
    draw()
  },
  onResize: () => draw(),
  onPasteCut: (lost) => keys.push(`cut ${lost}`),
  onGone() {
    if (process.env.GONE_FILE) fs.writeFileSync(process.env.GONE_FILE, JSON.stringify(process.cpuUsage()))
    if (process.env.STAYS === '1') setInterval(() => {}, 1_000)
    else void terminal.close().then(() => process.exit(0))
  },
  log: () => {},
})
process.on('SIGTERM', () => void terminal.close().then(() => process.exit(0)))
process.on('SIGUSR1', () => {
  const { rss } = process.memoryUsage()
  fs.writeFileSync(process.env.SAYS_FILE, JSON.stringify({ draws, rss, cpu: process.cpuUsage() }))
})
draw()

function draw() {
  const { columns, rows } = terminal.size
  const grid = new Grid(columns, rows)
  draws++
  grid.put(0, 0, `size ${columns}x${rows}`, style('accent', { bold: true }))
  grid.put(0, 1, '◆ needs_input', style('needs_input'))
  grid.put(0, 2, '日本 | ¡ol\u00e9! e\u0301 | שלום |', plain)
  grid.put(0, 3, 'selected', style('text', { selected: true }))
  grid.fill(8, 3, columns, style('text', { selected: true }))
  grid.put(0, 4, `keys: ${keys.slice(-8).join(' ')}`)
  if (isFlood) for (let y = 5; y < rows; y++) grid.put(0, y, `${draws} `.repeat(columns))
  grid.put(columns - 1, rows - 1, '#')
  terminal.draw({ grid, cursor: keys.includes('c') ? { x: 5, y: 4 } : null, hits: [] })
}

function flood() {
  isFlood = !isFlood
  const again = () => {
    if (!isFlood) return
    draw()
    setTimeout(again, 1)
  }
  again()
}
