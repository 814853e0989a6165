import t from 'tap'
import { diffItems, type DiffItem } from '../../../lib/pulse/model/diff-items.js'
import { diffOfFiles, modelOf, noonMs, stateOf } from '../model.js'

type FileItem = Extract<DiffItem, { kind: 'file' }>
const filesOf = (model: ReturnType<typeof modelOf>): FileItem[] =>
  diffItems(model).filter((item): item is FileItem => item.kind === 'file')
const paths = (model: ReturnType<typeof modelOf>): string[] => filesOf(model).map(({ path }) => path)

void t.test('agents of one repository share its files, in git’s order', async (t) => {
  const diff = diffOfFiles(['M z.ts +1 -0', 'M* a.ts +1 -0', 'M a.ts +2 -0'])
  const states = [stateOf('2', { label: 'b', diff }), stateOf('1', { label: 'a', diff })]
  const model = modelOf({ states })
  t.match(diffItems(model)[0], { kind: 'repository', labels: ['a', 'b'], agentId: null })
  t.strictSame(paths(model), ['z.ts', 'a.ts', 'a.ts'])
  const keys = diffItems(model).map(({ key }) => key)
  t.equal(new Set(keys).size, keys.length, 'a file on both sides of the index is two')
})

void t.test('a patch is asked of an agent that can show it', async (t) => {
  const diff = diffOfFiles([
    'M README.md +1 -0',
    'M web/a.ts +1 -0',
    'M api/b.ts +1 -0',
    'M webby/c.ts +1 -0',
  ])
  const at = (pane: string, root: string, more: Record<string, unknown> = {}): ReturnType<typeof stateOf> =>
    stateOf(pane, { root, diff, ...more })
  const asked = (...states: ReturnType<typeof stateOf>[]): Record<string, string | null> =>
    Object.fromEntries(filesOf(modelOf({ states })).map(({ path, agentId }) => [path, agentId]))
  t.strictSame(
    asked(at('web', '/home/me/shop/web'), at('api', '/home/me/shop/api/')),
    { 'README.md': null, 'web/a.ts': 's::web', 'api/b.ts': 's::api', 'webby/c.ts': null },
    'only below its own project root',
  )
  t.strictSame(asked(at('top', '/home/me/shop'), at('web', '/home/me/shop/web'))['README.md'], 's::top')
  t.strictSame(asked(at('link', '/mnt/link'))['README.md'], 's::link', 'one that came there through a link')
  t.strictSame(asked(at('ended', '/home/me/shop', { lifecycle: 'offline' }))['README.md'], null)
})

void t.test('the word of who watches the repository holds, then the later one', async (t) => {
  const of = (
    pane: string,
    path: string,
    more: Record<string, unknown>,
    state: object,
  ): ReturnType<typeof stateOf> => stateOf(pane, { diff: diffOfFiles([`M ${path} +1 -0`], more), ...state })
  const states = [
    of('1', 'old', {}, { updated_at_ms: noonMs - 9_000 }),
    of('2', 'new', {}, { updated_at_ms: noonMs - 8_000 }),
    of('3', 'late', { unwatched: 'too many' }, { updated_at_ms: noonMs }),
    of('4', 'failed', { git_available: false, reason: 'error' }, { updated_at_ms: noonMs }),
  ]
  t.strictSame(paths(modelOf({ states })), ['new'])
  t.strictSame(paths(modelOf({ states: states.toReversed() })), ['new'])
})

void t.test('a filter leaves what is meant', async (t) => {
  const states = [
    stateOf('1', { label: 'claude', diff: diffOfFiles(['M src/hub.ts +1 -0', 'M docs/x.md +1 -0']) }),
    stateOf('2', {
      label: 'codex',
      diff: diffOfFiles(['M hub/y.ts +1 -0'], { repo_root: '/api', branch: 'next' }),
    }),
  ]
  const of = (filter: string): string[] => paths(modelOf({ states, filter }))
  t.strictSame(of('HUB'), ['hub/y.ts', 'src/hub.ts'])
  t.strictSame(of('claude hub'), ['src/hub.ts'])
  t.strictSame(of('next'), ['hub/y.ts'])
  t.strictSame(of('/home/me/shop'), ['src/hub.ts', 'docs/x.md'])
  t.strictSame(of('nowhere'), [])
})

void t.test('paths that look alike, or are listed twice, keep keys of their own', async (t) => {
  const diff = diffOfFiles(['M a +1 -0', 'M a\u200b +1 -0', 'M a +1 -0'])
  const files = filesOf(modelOf({ states: [stateOf('1', { diff })] }))
  t.equal(new Set(files.map(({ key }) => key)).size, 3)
  t.strictSame(
    files.map(({ path }) => path),
    ['a', 'a\u200b', 'a'],
    'as git has them: they are asked for so',
  )
})

void t.test('the folder Pulse was started in has no agent to ask', async (t) => {
  const here = { projectRoot: '/home/me/shop/web', diff: diffOfFiles(['M a.ts +1 -0']) as never, tasks: null }
  const link = { kind: 'lost', reason: 'gone', wasLive: false } as const
  const model = modelOf({ session: { link, local: { here } } })
  t.match(diffItems(model), [
    { kind: 'repository', root: '/home/me/shop', labels: [] },
    { kind: 'file', agentId: null },
  ])
  const states = [stateOf('1', { diff: diffOfFiles([]) })]
  t.match(diffItems(modelOf({ session: { link, local: { here, states } } })), { length: 1 })
})

void t.test('500 agents with 20 files each', async (t) => {
  const states = Array.from({ length: 500 }, (_, i) =>
    stateOf(`${i}`, {
      diff: diffOfFiles(
        Array.from({ length: 20 }, (_, j) => `M src/folder/file${j}.ts +${j} -1`),
        { repo_root: `/home/me/p${i}` },
      ),
    }),
  )
  const model = modelOf({ states, rows: 24 })
  t.equal(diffItems(model).length, 500 * 21)
  t.equal(diffItems(model), diffItems(model), 'made once for a model')
})
