import t from 'tap'
import { blankBody } from '../../../lib/wrapper/trace/blank-event.js'

void t.test('events keep their shape and the agent’s own words', async (t) => {
  const body = {
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    session_id: 'abc',
    tool_input: { command: 'rm -rf secret', path: 'rm -rf secret', url: 'ls', n: 3, ok: true },
    data: ['secret', null],
  }
  const out = blankBody(body, 'salt') as typeof body
  t.equal(out.hook_event_name, 'PreToolUse')
  t.equal(out.tool_name, 'Bash')
  t.match(out.session_id, /^~[0-9a-f]{8}$/)
  t.equal(out.tool_input.command, out.tool_input.path, 'the same stays the same')
  t.not(out.tool_input.command, out.tool_input.url)
  t.not((blankBody(body, 'other salt') as typeof body).tool_input.command, out.tool_input.command)
  t.notMatch(JSON.stringify(out), /secret|"n"|"ok"/)
  let deep: unknown = 'x'
  for (let i = 0; i < 1_000; i++) deep = { deep }
  t.doesNotThrow(() => blankBody(deep, 'salt'))
})

void t.test('neither names, nor numbers, nor words of a call stay', async (t) => {
  const text = JSON.stringify(
    blankBody(
      {
        hook_event_name: 'PostToolUse',
        error: 'token_abc123',
        source: '/home/me/private/key.pem',
        status: 'fired',
        pid: 77,
        tool_input: {
          answers: { 'Which customer is Acme suing?': 'yes' },
          '/home/me/secret.txt': 1,
          pin: 4928,
          pid: 4928,
          name: 'john.smith',
          source: '/home/me/private/key.pem',
          response: 'hunter2',
          status: 'fired',
          error: 'rate_limit',
          type: 'session.status',
        },
        __proto__x: 4928,
      },
      'salt',
    ),
  )
  t.notMatch(text, /Acme|secret|4928|john|private|hunter2|fired|token|rate_limit|session\.status|proto|pin/)
  t.match(text, /"hook_event_name":"PostToolUse"/)
  t.match(text, /"pid":77/)
})

void t.test('what the rules read of a text stays', async (t) => {
  t.match(blankBody({ prompt: '<task-notification>done: secret' }, 's'), {
    prompt: /^<task-notification> ~[0-9a-f]{8}$/,
  })
  t.match(blankBody({ message: 'Claude needs network access to acme' }, 's'), { message: /^network ~\w{8}$/ })
  t.match(blankBody({ tool_response: { returnDisplay: 'Command cancelled by user. secret' } }, 's'), {
    tool_response: { returnDisplay: /^Command cancelled by user\. ~\w{8}$/ },
  })
  const edit = blankBody(
    { tool_input: { file_path: '/home/me/a.txt' }, details: { fileName: 'a.txt' } },
    's',
  ) as {
    tool_input: { file_path: string }
    details: { fileName: string }
  }
  t.ok(edit.tool_input.file_path.endsWith(edit.details.fileName), 'a dialog is about its call')
  t.notMatch(edit.tool_input.file_path, /home|txt/)
})
