import t from 'tap'
import { portOfSession } from './v1-client.js'
import { diffOf, statusOf, tasksOf } from './v1-room.js'
import { envelopeBytesMax, seedFaults } from './v1-seed.js'

/** The tests' own reading of seed 000 takes what the seed shows, and refuses the same with something missing. */

const patch = {
  agent_id: 'agent-1',
  path: 'docs/mission-control.md',
  status: 'modified',
  is_binary: false,
  patch: '@@ -1,3 +1,4 @@\n-Old line\n+New line\n',
}
const examples: Record<string, { required: object; optional?: object }> = {
  hello: {
    required: { client_id: 'agent-1', role: 'publisher', capabilities: ['agent_status', 'heartbeat'] },
    optional: { agent_id: 'agent-1', pane_id: 'pane-3', project_root: '/home/user/dev/shop' },
  },
  agent_status: {
    required: statusOf('agent-1', 'pane-3', 'idle'),
    optional: { cwd: '/home/user/dev', message: 'waits' },
  },
  diff_summary: { required: diffOf('agent-1') },
  diff_patch_request: {
    required: { agent_id: 'agent-1', path: 'docs/mission-control.md' },
    optional: { context_lines: 3, include_untracked: true, request_id: 'req-001' },
  },
  diff_patch_response: {
    required: patch,
    optional: { request_id: 'req-001', error: { code: 'patch_unavailable', message: 'binary' } },
  },
  task_summary: {
    required: { ...tasksOf('agent-1', 'mission-control'), active_tasks: undefined },
    optional: {
      active_tasks: tasksOf('', '')['active_tasks'],
      error: { code: 'tasks_missing', message: 'no such file' },
    },
  },
  task_update: { required: { agent_id: 'agent-1', tag: 'web', action: 'add', task: {} } },
  heartbeat: {
    required: { agent_id: 'agent-1', pid: 12_345, cwd: '/home', last_update: '2026-01-28T18:42:20Z' },
  },
  error: {
    required: { code: 'tasks_malformed', message: 'unexpected character at line 12' },
    optional: { component: 'wrapper', fatal: false, context: { path: 'tasks.json' } },
  },
}

const envelope = {
  version: '1',
  session_id: 'aoc-dev',
  sender_id: 'agent-1',
  timestamp: '2026-01-28T18:42:00Z',
}
const faultsOf = (message: object): string[] => seedFaults(Buffer.from(JSON.stringify(message)), 'aoc-dev')

for (const [type, { required, optional = {} }] of Object.entries(examples))
  void t.test(type, async (t) => {
    const message = { ...envelope, type, payload: required }
    t.strictSame(faultsOf(message), [], 'the least')
    const most = { ...required, ...optional }
    t.strictSame(faultsOf({ ...message, request_id: 'r', payload: { ...most, more: 1 } }), [], 'the most')
    const keys = Object.entries(required).flatMap(([key, value]) => (value === undefined ? [] : [key]))
    for (const key of keys)
      t.not(faultsOf({ ...message, payload: { ...most, [key]: undefined } }).length, 0, key)
    for (const key of Object.keys(most).filter((each) => each !== 'patch'))
      t.not(faultsOf({ ...message, payload: { ...most, [key]: null } }).length, 0, `${key} of null`)
    for (const key of Object.keys(message))
      t.not(faultsOf({ ...message, [key]: undefined }).length, 0, `${key} of the envelope`)
  })

void t.test('the limits', async (t) => {
  const status = (message: string): object => ({
    ...envelope,
    type: 'agent_status',
    payload: { ...statusOf('agent-1', '3', 'idle'), message },
  })
  const room = envelopeBytesMax - JSON.stringify(status('')).length
  t.strictSame(faultsOf(status('x'.repeat(room))), [])
  t.match(faultsOf(status('x'.repeat(room + 1))), [/262145 bytes/])
  const diff = (count: number): object => ({
    ...envelope,
    type: 'diff_summary',
    payload: { ...diffOf('agent-1'), files: Array(count).fill((diffOf('')['files'] as object[])[0]) },
  })
  t.strictSame(faultsOf(diff(500)), [])
  t.match(faultsOf(diff(501)), [/501 entries; at most 500/])
})

void t.test('the port of a session', async (t) => {
  // FNV-1a of "foobar" is bf9cf968: http://www.isthe.com/chongo/tech/comp/fnv/
  t.equal(portOfSession('foobar'), 42_000 + (0xbf9cf968 % 2_000))
  t.equal(portOfSession(''), 42_000 + (0x811c9dc5 % 2_000))
})
