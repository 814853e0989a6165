import type { Lifecycle } from '../lib/wire/messages.js'
import { benchSession } from './names.js'

/** Agents that share a repository, as they do who were given parts of one task. */
const agentsPerRoot = 2
const filesPerAgent = 20
/** An agent at work changes what it does this often: once in so many of its deltas. */
const turnEvery = 10
const dayMs = 86_400_000

const commands = ['claude', 'codex', 'gemini', 'opencode'] as const
const snippets = [
  '✻ Réfléchit… (12s · ↑ 1.2k tokens · esc to interrupt)',
  'Edit lib/engine/lexer.ts, then run its tests again: npx tap test/engine/lexer.test.ts',
  '● Bash(npm run lint) — 2 warnings, 0 errors; the rest of the rules hold',
  '設定ファイルを読み込んでいます: config/既定.toml',
  'PASS  test/parser.test.ts (41 tests) 1.83 s',
  'Größe der Tabelle geändert → 4 096 Einträge ✓',
]

/** Of fifty agents one needs its person, one has failed and twelve rest. */
function lifecycleOf(place: number): Lifecycle {
  return place === 0 ? 'needs_input' : place === 25 ? 'error' : place > 37 ? 'idle' : 'running'
}

/** The pane of an agent, which names it. */
export function paneOf(index: number): string {
  return `%${index}`
}

/**
 * An agent's state as its wrapper publishes it, some 4 KB as JSON: 20 changed files, tasks of one tag, a line of its
 * screen.
 * @param step how often it was published before: what it does and shows goes on with it.
 * @param startedMs since when the fleet is there.
 */
export function fleetState(
  index: number,
  step: number,
  startedMs: number,
  nowMs: number,
): Record<string, unknown> {
  const pane_id = paneOf(index)
  const agent_id = `${benchSession}::${pane_id}`
  const turn = Math.floor(step / turnEvery)
  const lifecycle = lifecycleOf((index * 7 + turn) % 50)
  const isAsking = lifecycle === 'needs_input'
  const command = commands[index % commands.length]!
  const project_root = `/home/ada/work/project-${Math.floor(index / agentsPerRoot)}`
  const detail = isAsking ? 'Bash: git push --force-with-lease origin überarbeitung' : null
  const files = Array.from({ length: filesPerAgent }, (_, i) => ({
    path: i === 7 ? 'docs/übersicht.md' : `lib/module-${i}/part.ts`,
    status: i < 15 ? 'modified' : 'untracked',
    additions: (i * 7 + turn) % 90,
    deletions: (i * 3) % 40,
    staged: i < 4,
    untracked: i >= 15,
  }))
  return {
    agent_id,
    session_id: benchSession,
    pane_id,
    lifecycle,
    snippet: `${snippets[(index + step) % snippets.length]!} #${step}`,
    last_heartbeat_ms: nowMs,
    last_activity_ms: nowMs,
    updated_at_ms: nowMs,
    source: {
      label: `${command}-${index}`,
      command,
      status: {
        confidence: 3,
        turn: isAsking || lifecycle === 'running' ? 'active' : 'inactive',
        attention: isAsking ? 'permission' : 'none',
        origin: 'event',
        detail,
        // Its age is told in days, so that where nothing is published there is nothing to draw.
        since_ms: startedMs - 2 * dayMs - 3_600_000 + turn * 1_000 + index,
      },
      agent_status: {
        agent_id,
        status: isAsking ? 'idle' : lifecycle,
        pane_id,
        project_root,
        cwd: project_root,
        message: detail,
      },
      diff_summary: {
        agent_id,
        repo_root: project_root,
        git_available: true,
        branch: index % 3 === 0 ? 'main' : `feature/teil-${index % 7}`,
        summary: {
          staged: { files: 4, additions: 42, deletions: 18 },
          unstaged: { files: 11, additions: 400 + turn, deletions: 180 },
          untracked: { files: 5 },
        },
        files,
        files_total: filesPerAgent,
      },
      task_summaries: {
        master: {
          agent_id,
          tag: 'master',
          counts: { total: 24, pending: 11, in_progress: 2, done: 10, blocked: 1 },
          active_tasks: [
            {
              id: '11',
              title: 'Lexer reads numbers',
              status: 'in_progress',
              priority: 'high',
              active_agent: true,
            },
            { id: '12', title: 'Fehler mit Zeilennummern', status: 'in_progress', priority: 'medium' },
            { id: '13', title: 'Cache of parsed modules', status: 'blocked', priority: 'low' },
          ],
        },
      },
    },
  }
}
