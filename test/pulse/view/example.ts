import type { AgentState } from '../../../lib/wire/messages.js'
import { diffOfFiles, noonMs, stateOf, tagOf } from '../model.js'

/** A day with agents: one works, one waits, one is nowhere, one has failed, one has ended. */
const shopDiff = diffOfFiles([
  'U src/orders/merge.ts +4 -2',
  'M* src/orders/create.ts +120 -4',
  'M src/orders/create.ts +3 -0',
  'D src/legacy/cart.ts +0 -412',
  'R* lib/old.ts => lib/new.ts +1 -1',
  'M docs/日本語の説明.md +12 -3',
  '? very/deep/folder/with/a/long/path/that/does/not/fit/index.test.ts',
])
const shopTasks = {
  master: tagOf('6/2/1/1', [
    {
      id: '12',
      title: 'Define the schema of orders, and what each status means',
      status: 'in-progress',
      priority: 'high',
      active_agent: true,
    },
    { id: '14.2', title: 'Ask for the keys', status: 'blocked', priority: 'critical' },
    { id: '15', title: 'Ship it 🚀', status: 'pending', priority: 'low' },
  ]),
  'feature-checkout': tagOf('3/0/0/0'),
  empty: tagOf('0/0/0/0'),
}
const fault = (code: string, message: string): unknown => ({
  master: { ...tagOf('0/0/0/0'), error: { code, message } },
})
const status = (blind: string): unknown => ({
  attention: 'none',
  since_ms: noonMs - 60_000,
  confidence: 2,
  blind,
})

export const exampleStates: readonly AgentState[] = [
  stateOf('%1', { label: 'claude', diff: shopDiff, tasks: shopTasks }),
  stateOf('%2', {
    label: 'codex',
    lifecycle: 'needs_input',
    diff: shopDiff,
    tasks: shopTasks,
    status: status('hooks_untrusted'),
    last_heartbeat_ms: noonMs - 14_000,
  }),
  stateOf('%3', {
    label: 'gemini',
    lifecycle: 'idle',
    root: '/home/me/docs',
    status: status('no_signals'),
    diff: diffOfFiles([], {
      repo_root: '/home/me/docs',
      branch: null,
      git_available: false,
      reason: 'not_git_repo',
    }),
    tasks: fault('tasks_missing', 'x'),
  }),
  stateOf('%4', {
    label: 'opencode',
    lifecycle: 'error',
    root: '/srv/api',
    last_heartbeat_ms: noonMs - 42_000,
    diff: diffOfFiles([], {
      repo_root: '/srv/api',
      branch: null,
      git_available: false,
      reason: 'git_missing',
    }),
    tasks: fault(
      'tasks_malformed',
      '.taskmaster/tasks/tasks.json: Not JSON: the end came too early at line 12, column 3.',
    ),
  }),
  stateOf('%5', {
    label: 'make',
    lifecycle: 'offline',
    root: '/srv/infra',
    diff: diffOfFiles([], { repo_root: '/srv/infra', branch: 'trunk' }),
  }),
]
