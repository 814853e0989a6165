import fc from 'fast-check'
import t from 'tap'
import type { Meaning } from '../../../lib/wrapper/lifecycle/signal.js'
import { gemini } from '../../../lib/wrapper/profiles/gemini.js'

/** What a reader makes of events, one after the other: name and further fields of the body. */
function read(...events: [name: string, more?: object][]): Meaning[][] {
  const reader = gemini.openReader()
  return events.map(([name, more]) =>
    reader({
      source: 'gemini',
      pid: 7,
      body: { session_id: 's', transcript_path: '/t', cwd: '/w', hook_event_name: name, ...more },
    }).map(({ meaning }) => meaning),
  )
}

function confirms(details: object): [string, object] {
  return [
    'Notification',
    { notification_type: 'ToolPermission', message: 'Tool requires confirmation', details },
  ]
}

const shell = (command: string): object => ({ tool_name: 'run_shell_command', tool_input: { command } })

void t.test('events', async (t) => {
  await t.test('of a turn', async (t) => {
    t.same(
      read(
        ['SessionStart', { source: 'startup' }],
        ['BeforeAgent', { prompt: 'hi' }],
        ['PreCompress', { trigger: 'auto' }],
        ['BeforeTool', shell('ls')],
        ['AfterTool', { ...shell('ls'), tool_response: { llmContent: [{ text: 'x' }], returnDisplay: {} } }],
        ['AfterAgent', { prompt: 'hi', prompt_response: '[no response text]', stop_hook_active: false }],
        ['SessionEnd', { reason: 'clear' }],
        ['SessionStart', { source: 'clear' }],
        ['SessionEnd', { reason: 'exit' }],
      ),
      [
        [{ says: 'began' }],
        [{ says: 'prompted' }],
        [],
        [{ says: 'working' }],
        [{ says: 'working' }],
        [{ says: 'done', background: 0 }],
        [],
        [{ says: 'began' }],
        [{ says: 'left' }],
      ],
    )
  })

  await t.test('carry the process that sent them', async (t) => {
    const [said] = gemini.openReader()({ source: 'gemini', pid: 7, body: { hook_event_name: 'BeforeAgent' } })
    t.same(said, { thread: '', subagent: null, pid: 7, name: 'BeforeAgent', meaning: { says: 'prompted' } })
  })

  await t.test('a permission is about the call with the same command, and over with its end', async (t) => {
    const exec = (command: string): [string, object] =>
      confirms({ type: 'exec', title: 'Confirm Shell Command', command, rootCommand: 'make' })
    const [, , first, second, again, end] = read(
      ['BeforeTool', shell('make a')],
      ['BeforeTool', shell('make b')],
      exec('make b'),
      exec('make a'),
      exec('make a'),
      ['AfterTool', shell('make a')],
    )
    t.match(first, [
      { says: 'asks', attention: 'permission', id: 'call 2', detail: 'run_shell_command: make b' },
    ])
    t.match(second, [{ says: 'asks', id: 'call 1', detail: 'run_shell_command: make a' }])
    t.same(again, second, 'the same dialog once more is the same question')
    t.same(end, [{ says: 'answered', id: 'call 1' }, { says: 'working' }])
  })

  await t.test('of each kind of confirmation', async (t) => {
    const asked = (tool: string, input: object, details: object): Meaning =>
      read(['BeforeTool', { tool_name: tool, tool_input: input }], confirms(details))[1]![0]!
    t.match(
      asked(
        'write_file',
        { file_path: 'src/a.txt', content: 'x' },
        { type: 'edit', title: 'Confirm Write: a.txt', fileName: 'a.txt', filePath: '/w/src/a.txt' },
      ),
      { attention: 'permission', detail: 'write_file: src/a.txt', id: 'call 1' },
    )
    t.match(
      asked(
        'mcp_git_push',
        { url: 'x' },
        { type: 'mcp', title: 'Confirm', serverName: 'git', toolName: 'push' },
      ),
      { attention: 'permission', detail: 'mcp_git_push: x' },
    )
    t.match(
      asked(
        'web_fetch',
        { prompt: 'read https://a.b' },
        { type: 'info', title: 'Confirm Web Fetch', prompt: 'p' },
      ),
      { attention: 'permission', detail: 'web_fetch: read https://a.b' },
    )
    t.match(
      asked('ask_user', { questions: [{ question: 'Which?' }] }, { type: 'ask_user', title: 'Ask User' }),
      { attention: 'question', detail: 'Which?' },
    )
    t.match(asked('exit_plan_mode', { plan_filename: 'p.md' }, { type: 'exit_plan_mode', title: 'x' }), {
      attention: 'plan',
      detail: 'plan: p.md',
    })
  })

  await t.test('a confirmation of an unknown call says what it can', async (t) => {
    const alone = (details: object): unknown => read(confirms(details))[0]![0]
    const asks = { says: 'asks', attention: 'permission', id: null }
    t.same(alone({ type: 'exec', title: 'Confirm Shell Command', command: 'rm -rf *' }), {
      ...asks,
      detail: 'rm -rf *',
    })
    t.same(alone({ type: 'mcp', title: 't', toolName: 'n', toolDisplayName: 'Push' }), {
      ...asks,
      detail: 'Push',
    })
    t.same(alone({ type: 'later', title: 'Something new' }), { ...asks, detail: 'Something new' })
    t.same(read(['Notification', { notification_type: 'ToolPermission', message: 'm' }])[0], [
      { ...asks, detail: 'm' },
    ])
    t.same(read(['Notification', { notification_type: 'Other' }]), [[]])
  })

  await t.test('the late end of a cancelled command is no work', async (t) => {
    const response = { tool_response: { llmContent: 'x', returnDisplay: 'Command cancelled by user.' } }
    t.same(read(['BeforeTool', shell('a')], ['AfterTool', { ...shell('a'), ...response }])[1], [])
  })

  await t.test('whatever comes, nothing is thrown', async (t) => {
    const name = fc.constantFrom('SessionStart', 'BeforeTool', 'Notification', 'AfterTool', 'AfterAgent', 'x')
    const body = fc.oneof(
      fc.anything(),
      fc.record(
        {
          hook_event_name: name,
          notification_type: fc.constant('ToolPermission'),
          tool_name: fc.oneof(fc.constantFrom('ask_user', '__proto__'), fc.anything()),
          tool_input: fc.anything(),
          tool_response: fc.anything(),
          details: fc.oneof(
            fc.anything(),
            fc.record({ type: fc.constantFrom('exec', 'edit', 'mcp', 'toString'), fileName: fc.anything() }),
          ),
        },
        { requiredKeys: ['hook_event_name'] },
      ),
    )
    fc.assert(
      fc.property(fc.array(body, { maxLength: 12 }), (bodies) => {
        const reader = gemini.openReader()
        for (const one of bodies)
          for (const { meaning } of reader({ source: 'gemini', pid: null, body: one }))
            if ('detail' in meaning && meaning.detail !== null) t.ok((meaning.detail ?? '').length <= 280)
      }),
    )
  })
})
