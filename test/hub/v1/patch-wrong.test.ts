import t from 'tap'
import { V1Stage } from './stage.js'

void t.test('an answer that is wrong is told at once, and a piece is not the patch', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  const asker = stage.subscriber('asker')
  const answers: [string, (requestId: string) => void, RegExp][] = [
    [
      'without a status',
      (id) =>
        publisher.send('diff_patch_response', {
          agent_id: 'agent-1',
          path: 'a.ts',
          is_binary: false,
          patch: '',
          request_id: id,
        }),
      /^error: The agent answered wrongly: payload\.status is missing/,
    ],
    [
      'an error instead',
      (id) => publisher.send('error', { code: 'git_failed', message: 'no git' }, { request_id: id }),
      /^error: git_failed: no git$/,
    ],
    [
      'a piece of it',
      (id) =>
        publisher.send('diff_patch_response', {
          agent_id: 'agent-1',
          path: 'a.ts',
          status: 'modified',
          is_binary: false,
          patch: '@@ half',
          part: 1,
          parts: 2,
          request_id: id,
        }),
      /^too_large: /,
    ],
  ]
  for (const [name, answer, is] of answers) {
    asker.send('diff_patch_request', { agent_id: 'agent-1', path: 'a.ts', request_id: name })
    const asked = publisher.all('diff_patch_request').at(-1)
    answer(String(asked?.request_id))
    t.match(
      asker.all('diff_patch_response').at(-1),
      { request_id: name, patch: null, error: { code: 'patch_unavailable', message: is } },
      name,
    )
  }
})
