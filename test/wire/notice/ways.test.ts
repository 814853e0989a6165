import t from 'tap'
import type { Env } from '../../../lib/wire/identity.js'
import { noticeSetting, type NoticeFlags, type Way } from '../../../lib/wire/notice/ways.js'

void t.test('the setting', async (t) => {
  const table: [NoticeFlags, Env, Way[], string | null][] = [
    [{}, {}, ['bell'], null],
    [{ notify: true }, {}, ['bell'], null],
    [{ notify: 'desktop' }, {}, ['desktop'], null],
    [{ notify: 'osc,bell' }, {}, ['bell', 'osc'], null],
    [{ notify: ' OSC , osc ,desktop ' }, {}, ['osc', 'desktop'], null],
    [{}, { AOC_NOTIFY: 'osc,desktop' }, ['osc', 'desktop'], null],
    [{}, { AOC_NOTIFY: '' }, ['bell'], null],
    [{ notify: 'bell' }, { AOC_NOTIFY: 'desktop' }, ['bell'], null],
    [{ notify: 'bell' }, { AOC_NOTIFY: 'nonsense' }, ['bell'], null],
    // One switch.
    [{ notify: false }, {}, [], null],
    [{ notify: 'off' }, {}, [], null],
    [{}, { AOC_NOTIFY: 'off' }, [], null],
    [{}, { AOC_NOTIFY: 'OFF' }, [], null],
    [
      { notify: false, notifyCommand: 'say hi' },
      { AOC_NOTIFY: 'bell', AOC_NOTIFY_COMMAND: 'say ho' },
      [],
      null,
    ],
    [{ notify: false }, { AOC_NOTIFY: 'nonsense' }, [], null],
    [{ notifyCommand: 'say hi' }, { AOC_NOTIFY: 'off' }, [], null],
    [{ notify: 'bell' }, { AOC_NOTIFY: 'off' }, ['bell'], null],
    // A command.
    [{ notifyCommand: 'say hi' }, {}, [], 'say hi'],
    [{}, { AOC_NOTIFY_COMMAND: 'say ho' }, [], 'say ho'],
    [{ notifyCommand: 'say hi' }, { AOC_NOTIFY_COMMAND: 'say ho' }, [], 'say hi'],
    [{ notify: 'osc', notifyCommand: 'say hi' }, {}, ['osc'], 'say hi'],
    [{}, { AOC_NOTIFY: 'osc', AOC_NOTIFY_COMMAND: 'say ho' }, ['osc'], 'say ho'],
    [{ notifyCommand: '  ' }, {}, ['bell'], null],
  ]
  for (const [flags, env, ways, command] of table)
    t.strictSame(noticeSetting(flags, env, ['bell']), { ways, command }, JSON.stringify([flags, env]))
})

void t.test('a word that is no way', async (t) => {
  const table: [NoticeFlags, Env, string][] = [
    [
      { notify: 'bel' },
      {},
      '--notify: "bel" is no way to notify. Give bell, osc, desktop, several of them with commas, or off.',
    ],
    [
      {},
      { AOC_NOTIFY: 'bell;osc' },
      'AOC_NOTIFY: "bell;osc" is no way to notify. Give bell, osc, desktop, several of them with commas, or off.',
    ],
    [
      { notify: 'bell,off' },
      {},
      '--notify: "off" stands alone. Give bell, osc, desktop, several of them with commas, or off.',
    ],
    [
      { notify: 'bell,' },
      {},
      '--notify: "" is no way to notify. Give bell, osc, desktop, several of them with commas, or off.',
    ],
    [
      { notify: '' },
      {},
      '--notify: "" is no way to notify. Give bell, osc, desktop, several of them with commas, or off.',
    ],
    [
      { notify: '\u001b[31m' },
      {},
      '--notify: "\\u001b[31m" is no way to notify. Give bell, osc, desktop, several of them with commas, or off.',
    ],
  ]
  for (const [flags, env, message] of table)
    t.throws(() => noticeSetting(flags, env, ['bell']), {
      name: 'NoticeSettingError',
      code: 'invalid_notify',
      message,
    })
})
