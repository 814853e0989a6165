import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { agentsDir, keysOf, readScenarioFile } from '../wrapper/scenario.js'
import { LineClient, newRoom, startHub, until } from './processes.js'
import { TestTerminal, wrapper } from './terminal.js'

/**
 * Stand-ins in real terminals under the real wrapper and hub: what was injected is what they post by, and a subscriber
 * sees the statuses of the scenario, just those, in their order. A person's key comes when the agent is seen to wait.
 */
interface Shown {
  lifecycle: string
  status: Record<string, unknown>
}

async function play(t: Test, agent: string, flags: string[] = []): Promise<Shown[]> {
  const scenario = readScenarioFile(path.join(agentsDir, 'scenarios', agent, 'live.ndjson'))
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const watcher = await LineClient.subscriber(t, hub)
  await watcher.until('snapshot')
  const bin = path.join(room.dir, 'bin')
  mkdirSync(bin)
  const script = `#!/bin/sh\nexec '${process.execPath}' '${path.join(agentsDir, `${agent}.mjs`)}' "$@"\n`
  writeFileSync(path.join(bin, agent), script, { mode: 0o755 })
  // The profile is chosen by the command's name.
  const args = [wrapper, '--session', 's', '--pane-id', '1', '--no-hub-start', ...flags, '--', agent]
  const terminal = new TestTerminal(process.execPath, args, {
    cwd: room.dir,
    env: {
      ...room.env,
      PATH: `${bin}:${room.env['PATH']}`,
      TERM: 'xterm-256color',
      AOC_SCENARIO: path.join(agentsDir, 'scenarios', agent, 'live.ndjson'),
    },
  })
  t.teardown(() => terminal.kill())
  const shown = (): Shown[] =>
    watcher.payloads('delta').flatMap(({ changes }) =>
      (
        changes as {
          op: string
          state?: { lifecycle: string; source: { status: Record<string, unknown> } }
        }[]
      )
        .filter(({ op }) => op === 'upsert')
        .map(({ state }) => ({ lifecycle: state!.lifecycle, status: state!.source.status })),
    )
  // A person types when the agent is at rest, and answers when it is seen to ask.
  let isAsked = false
  for (const step of scenario.steps) {
    if ('expect' in step) isAsked = step.expect['lifecycle'] === 'needs_input'
    if (!('person' in step)) continue
    const wanted = isAsked ? ['needs_input'] : ['idle']
    await until(`${agent} waits`, () => wanted.includes(shown().at(-1)?.lifecycle ?? ''), 30_000)
    terminal.type(keysOf(step))
    // Keys of a person come one by one.
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  const { exitCode } = await terminal.ended
  t.equal(exitCode, 0, terminal.text.slice(-500))
  await until('its end is told', () => shown().at(-1)?.lifecycle === 'offline')
  const words = shown().map(({ lifecycle }) => lifecycle)
  t.same(
    words.filter((word, i) => word !== words[i - 1]),
    scenario.lifecycles,
    JSON.stringify(shown(), null, 1),
  )
  return shown()
}

void t.test('Claude Code, by what its injected hooks post', async (t) => {
  const shown = await play(t, 'claude')
  const asked = shown.find(({ lifecycle }) => lifecycle === 'needs_input')!
  t.match(asked.status, {
    origin: 'hook',
    confidence: 3,
    attention: 'permission',
    detail: 'Bash: npm test',
    blind: null,
  })
})

void t.test('opencode, by its injected plugin', async (t) => {
  const shown = await play(t, 'opencode')
  const asked = shown.find(({ lifecycle }) => lifecycle === 'needs_input')!
  t.match(asked.status, { origin: 'hook', confidence: 3, detail: 'bash: npm test', blind: null })
})

void t.test('Gemini CLI, by its title', async (t) => {
  const shown = await play(t, 'gemini', ['--no-inject'])
  const asked = shown.find(({ lifecycle }) => lifecycle === 'needs_input')!
  t.match(asked.status, { origin: 'title', confidence: 2, blind: 'injection_off' })
})

void t.test('Codex, by what it announces', async (t) => {
  const shown = await play(t, 'codex')
  const asked = shown.find(({ lifecycle }) => lifecycle === 'needs_input')!
  t.match(asked.status, { origin: 'status', confidence: 3, attention: 'permission', blind: null })
})
