import t from 'tap'
import type { Effect, Event } from '../../../lib/pulse/model/event.js'
import { intentOf } from '../../../lib/pulse/model/intent-of.js'
import type { Key, KeyName } from '../../../lib/pulse/model/key.js'
import type { Model } from '../../../lib/pulse/model/model.js'
import { newModel, reduce } from '../../../lib/pulse/model/reduce.js'
import { drawPicture, hitAt } from '../../../lib/pulse/view/frame.js'
import type { AgentState, CommandResult } from '../../../lib/wire/messages.js'
import { diffOfFiles, noonMs, stateOf, v1StateOf } from '../model.js'

/** A Pulse in one hand: keys, frames and time go in; the model, the screen and what is to be done come out. */
class Hand {
  nowMs = noonMs
  effects: Effect[] = []
  model: Model

  constructor(states: AgentState[] = [], { columns = 100, rows = 24, isAll = false } = {}) {
    this.model = newModel({ nowMs: noonMs, columns, rows, hasOverview: true, isAll })
    this.join('s', states)
  }

  take(event: Event): void {
    const step = reduce(this.model, event, this.nowMs)
    this.model = reduce(step.model, { kind: 'tick' }, this.nowMs).model
    this.effects.push(...step.effects)
  }

  join(sessionId: string, states: AgentState[]): void {
    this.take({ kind: 'session', sessionId, socketPath: `/run/${sessionId}.sock` })
    this.say(states, sessionId)
    this.take({ kind: 'link', sessionId, link: { kind: 'live', laggedMs: null } })
  }

  /** The hub says that these states have changed. */
  say(states: AgentState[], sessionId = 's'): void {
    const changes = states.map((state) => ({ op: 'upsert' as const, agent_id: state.agent_id, state }))
    this.take({ kind: 'changes', sessionId, changes, seq: 1, epoch: 'e' })
  }

  gone(agentId: string): void {
    const changes = [{ op: 'remove' as const, agent_id: agentId }]
    this.take({ kind: 'changes', sessionId: 's', changes, seq: 2, epoch: 'e' })
  }

  /** Presses keys: a name, or characters. @returns what was to be done for them, but to look at the agent. */
  press(...keys: string[]): Effect[] {
    const from = this.effects.length
    for (const key of keys.flatMap(keysOf)) {
      const intent = intentOf(key, this.model)
      if (intent !== null) this.take({ kind: 'intent', intent })
    }
    return this.effects.slice(from).filter((effect) => !isLook(effect))
  }

  click(text: string): Effect[] {
    const from = this.effects.length
    const picture = drawPicture(this.model)
    const y = picture.grid.lines.findIndex((line) => line.includes(text))
    const intent = hitAt(picture, picture.grid.line(y).indexOf(text), y)
    if (intent !== null) this.take({ kind: 'intent', intent })
    return this.effects.slice(from)
  }

  wait(ms: number): void {
    this.nowMs += ms
    this.take({ kind: 'tick' })
  }

  answer(result: Partial<CommandResult> | null): void {
    const last = this.effects.findLast((effect) => effect.kind === 'command' && !isLook(effect))
    if (last?.kind !== 'command') throw new Error('no command was given')
    const whole = result && { command: last.command, status: 'ok' as const, ...result }
    this.take({ kind: 'result', commandId: last.commandId, result: whole })
  }

  get lines(): string[] {
    return drawPicture(this.model).grid.lines
  }

  /** The labels, as they stand on the screen; the one under the cursor with `>` before it. */
  get labels(): string {
    const { grid } = drawPicture(this.model)
    return grid.lines
      .flatMap((line, y) => {
        const label = /^[◆✗●○·] \w+\??\s+(\w+)/.exec(line)?.[1]
        return label === undefined || y > 18 ? [] : [(grid.styleAt(0, y).selected ? '>' : '') + label]
      })
      .join(' ')
  }
}

function isLook(effect: Effect): boolean {
  return effect.kind === 'command' && effect.command === 'get_screen'
}

function keysOf(key: string): Key[] {
  const isName =
    /^(ctrl_|alt_|[a-z]+_[a-z]+$|enter|escape|tab|backspace|delete|up|down|left|right|home|end)/.test(key)
  if (isName) return [{ kind: 'key', name: key as KeyName }]
  return key.split('').map((text) => ({ kind: 'text', text }))
}

const asking = (pane: string, sinceMs: number, detail = 'Bash: npm publish'): AgentState =>
  stateOf(pane, {
    lifecycle: 'needs_input',
    status: { attention: 'permission', since_ms: sinceMs, confidence: 3, detail, blind: null },
  })
const states = (): AgentState[] => [
  stateOf('run'),
  stateOf('rest', { lifecycle: 'idle' }),
  stateOf('gone', { lifecycle: 'offline' }),
  asking('young', noonMs - 1_000),
  stateOf('broken', { lifecycle: 'error' }),
  asking('old', noonMs - 90_000),
]

void t.test('who needs the person stands first, who waits longest before the others', async (t) => {
  t.equal(new Hand(states()).labels, '>old young broken run rest gone')
})

void t.test('the cursor stays on its agent, and nothing moves while the person is at it', async (t) => {
  const hand = new Hand(states())
  hand.press('j', 'j', 'j')
  t.equal(hand.labels, 'old young broken >run rest gone')
  hand.say([asking('rest', noonMs)])
  hand.say([stateOf('new', { lifecycle: 'error' })])
  t.equal(hand.labels, 'old young broken >run rest gone new', 'held; who is new stands at the end')
  t.match(hand.lines[1], /order held/)
  hand.wait(5_000)
  t.equal(
    hand.labels,
    'old young rest broken new >run gone',
    'let go of: in order again, the cursor with its agent',
  )
})

void t.test('an agent under the cursor that is gone leaves the cursor on the one in its place', async (t) => {
  const hand = new Hand(states())
  hand.press('down', 'down')
  hand.gone('s::broken')
  t.equal(hand.labels, 'old young >run rest gone')
  hand.press('G')
  hand.gone('s::gone')
  t.equal(hand.labels, 'old young run >rest')
  // Before the next picture no other is meant.
  const changes = [{ op: 'remove' as const, agent_id: 's::rest' }]
  hand.model = reduce(
    hand.model,
    { kind: 'changes', sessionId: 's', changes, seq: 3, epoch: 'e' },
    noonMs,
  ).model
  hand.model = reduce(hand.model, { kind: 'intent', intent: { kind: 'stop' } }, noonMs).model
  t.equal(hand.model.overlay, null)
  t.match(hand.model.message?.text, /put the cursor on an agent that is there/)
})

void t.test('n goes from one that needs the person to the next, and round', async (t) => {
  const hand = new Hand(states())
  hand.press('3')
  t.equal(hand.model.mode, 'diff')
  const seen = ['n', 'n', 'n', 'N', 'n'].map(
    (key) => (hand.press(key), hand.labels.replace(/.*>(\w+).*/, '$1')),
  )
  t.strictSame(seen, ['old', 'young', 'old', 'broken', 'old'])
  const calm = new Hand([stateOf('run')])
  calm.press('n')
  t.match(calm.lines.at(-1), 'none needs you')
})

void t.test('modes by Tab, digits and the mouse', async (t) => {
  const hand = new Hand(states())
  const seen = ['tab', 'tab', 'tab', 'tab', 'shift_tab', '2', '1'].map(
    (key) => (hand.press(key), hand.model.mode),
  )
  t.strictSame(seen, ['work', 'diff', 'health', 'overview', 'health', 'work', 'overview'])
  hand.click('3 Diff')
  t.equal(hand.model.mode, 'diff')
})

void t.test(
  'Enter, and a press on the row under the cursor, go to the pane; what comes of it is said',
  async (t) => {
    const hand = new Hand(states())
    const focus = {
      kind: 'command',
      sessionId: 's',
      command: 'focus_pane',
      target: null,
      args: { pane_id: 'old' },
    }
    t.match(hand.press('enter'), [focus])
    t.match(hand.lines.at(-1), /going to old …/)
    hand.answer({
      status: 'error',
      message: 'tmux: no pane old',
      error: { code: 'focus_failed', message: '' },
    })
    t.match(hand.lines.at(-1), /✗ tmux: no pane old/)
    t.strictSame(hand.click('young'), [], 'the first press only moves the cursor')
    t.match(hand.labels, />young/)
    t.match(hand.click('young').at(-1), { ...focus, args: { pane_id: 'young' } })
  },
)

const question = (pane: string): AgentState =>
  stateOf(pane, {
    lifecycle: 'needs_input',
    status: {
      attention: 'question',
      since_ms: noonMs - 90_000,
      confidence: 3,
      detail: 'which branch?',
      blind: null,
    },
  })

void t.test('i answers what is asked, and only that', async (t) => {
  const hand = new Hand([question('old')])
  hand.press('i')
  t.match(hand.lines.join('\n'), /to old[^]*question: which branch\?/)
  t.strictSame(hand.press('q?x1'), [], 'letters are text')
  hand.press('ctrl_u', 'yes')
  t.match(hand.press('enter'), [
    {
      command: 'send_input',
      target: 's::old',
      args: { text: 'yes', submit: true, expected_since_ms: noonMs - 90_000 },
    },
  ])
  t.strictSame(hand.press('enter'), [], 'once')
  hand.answer({
    status: 'error',
    message: 'it asks something else now',
    error: { code: 'attention_passed', message: '' },
  })
  t.match(
    hand.lines.join('\n'),
    /> yes[^]*✗ it asks something else now/,
    'where it was given, and the text is kept',
  )
  hand.press('enter')
  hand.answer({ message: 'sent' })
  t.equal(hand.model.overlay, null)
  t.match(hand.lines.at(-1), /✓ sent to old/)
})

void t.test('a menu gets what is typed without Enter, which would take the highlighted choice', async (t) => {
  const hand = new Hand([asking('old', noonMs - 1_000)])
  hand.press('i')
  t.match(hand.lines.join('\n'), /permission: Bash: npm publish[^]*It shows choices/)
  t.strictSame(hand.press('enter'), [], 'nothing is typed')
  t.match(hand.lines.join('\n'), /nothing is typed/)
  t.match(hand.press('3', 'enter'), [{ args: { text: '3', submit: false } }])
  hand.answer({})
  hand.press('i')
  t.match(hand.press('ctrl_t'), [{ args: { text: '', submit: true } }], 'Enter alone, on demand')
})

void t.test('i to an agent that asks nothing expects nothing; Ctrl-T types without Enter', async (t) => {
  const hand = new Hand([stateOf('run')])
  hand.press('i', '1')
  t.strictSame((hand.press('ctrl_t')[0] as Extract<Effect, { kind: 'command' }>).args, {
    text: '1',
    submit: false,
  })
})

void t.test('what it asked has passed while the answer is typed', async (t) => {
  const hand = new Hand([asking('old', noonMs - 90_000)])
  hand.press('i')
  hand.say([asking('old', noonMs)])
  t.match(hand.lines.join('\n'), /what it asked has passed/)
  hand.say([stateOf('old')])
  t.match(hand.lines.join('\n'), /what it asked has passed/)
})

void t.test('x asks first, names the agent, and only y ends it', async (t) => {
  const hand = new Hand(states())
  for (const key of ['n', 'enter', 'escape', ' ', 'x']) {
    hand.press('x')
    t.match(hand.lines.join('\n'), /End old\?/)
    t.strictSame(hand.press(key), [], `${key} does not`)
    t.equal(
      hand.model.overlay?.kind === 'stop',
      key === 'enter',
      'Enter, pressed once too often, decides nothing',
    )
    hand.press('escape')
  }
  hand.press('x')
  t.match(hand.press('y'), [{ command: 'stop_agent', target: 's::old' }])
  hand.answer({ message: 'ended by SIGINT' })
  t.match(hand.lines.at(-1), /✓ old: ended by SIGINT/)
})

void t.test('another agent in the same pane gets neither the answer nor the stop', async (t) => {
  const launched = (id: string): AgentState => {
    const state = stateOf('old')
    return { ...state, source: { ...(state.source as object), launch_id: id } }
  }
  for (const [open, ...go] of [
    ['x', 'y'],
    ['i', 'rm it', 'enter'],
  ]) {
    const hand = new Hand([launched('first')])
    hand.press(open!)
    hand.say([launched('second')])
    t.strictSame(hand.press(...go), [])
    t.match(hand.lines.join('\n'), /another agent has been started/)
  }
})

void t.test('a paste is text, never keys', async (t) => {
  const hand = new Hand(states())
  const paste: Key = { kind: 'paste', text: 'xy\nq' }
  t.equal(intentOf(paste, hand.model), null)
  hand.press('i')
  hand.take({ kind: 'intent', intent: intentOf(paste, hand.model)! })
  t.match(hand.lines.join('\n'), /> xy⏎q/)
  t.match(hand.press('enter'), [{ args: { text: 'xy\nq', submit: false } }])
})

void t.test('/ filters as it is typed; Enter keeps, Esc gives back', async (t) => {
  const hand = new Hand(states())
  hand.press('/', 'need OLD')
  t.equal(hand.labels, '>old')
  t.match(hand.lines.at(-1), /^filter: need OLD/)
  hand.press('enter')
  t.match(hand.lines[1], /filter: need OLD/)
  hand.press('/', 'zzz')
  t.match(hand.lines.join('\n'), /No agent matches "need OLDzzz"/)
  hand.press('escape')
  t.equal(hand.labels, '>old')
  hand.press('escape')
  t.equal(hand.model.filter, '')
})

void t.test('s sorts at once', async (t) => {
  const hand = new Hand(states())
  hand.press('j', 's')
  t.equal(hand.labels, 'broken gone old rest run >young')
  t.match(hand.lines[1], /by label/)
})

void t.test('e explains, in a box that says why when it cannot', async (t) => {
  const hand = new Hand(states())
  t.match(hand.press('e'), [{ command: 'explain', target: 's::old' }])
  hand.answer(null)
  t.match(hand.lines.join('\n'), /the hub was lost before it answered/)
  hand.press('escape', 'e')
  const signal = {
    origin: 'hook',
    lifecycle: 'needs_input',
    confidence: 3,
    evidence: 'PermissionRequest',
    age_ms: 0,
  }
  const result = {
    agent_id: 's::old',
    lifecycle: 'needs_input',
    status: { attention: 'permission', detail: 'Bash', since_ms: noonMs - 1_000, background: 0, blind: null },
    deciding: signal,
    losing: [],
    missing: [],
  }
  hand.answer({ result })
  t.match(hand.lines.join('\n'), /decided by {2}hook → needs_input/)
  hand.press('escape')
  t.equal(hand.model.overlay, null)
})

void t.test('y copies the id; q, Ctrl-C and Ctrl-Z do what they say', async (t) => {
  const hand = new Hand(states())
  t.strictSame(hand.press('y', 'ctrl_z', 'ctrl_l', 'q', 'ctrl_c'), [
    { kind: 'copy', text: 's::old' },
    { kind: 'suspend' },
    { kind: 'redraw' },
    { kind: 'quit' },
    { kind: 'quit' },
  ])
})

void t.test('a session lost: first nothing, then a sentence; what it said last stays', async (t) => {
  const hand = new Hand(states())
  hand.take({ kind: 'link', sessionId: 's', link: { kind: 'lost', reason: 'ECONNREFUSED', wasLive: true } })
  t.notMatch(hand.lines.join('\n'), /hub lost \(/)
  hand.wait(2_000)
  t.match(hand.lines[2], /hub lost \(ECONNREFUSED\)/)
  t.equal(hand.labels, '>old young broken run rest gone')
})

void t.test(
  'without a hub what is found is shown, and a hub that comes takes over without a gap',
  async (t) => {
    const hand = new Hand(states())
    const lost = { kind: 'lost', reason: 'gone', wasLive: true } as const
    hand.take({ kind: 'link', sessionId: 's', link: lost })
    const here = { projectRoot: '/p', diff: null, tasks: null }
    const found = { atMs: noonMs, states: [stateOf('old'), stateOf('bare')], here }
    hand.take({ kind: 'local', sessionId: 's', found })
    t.equal(hand.labels, '>bare old')
    t.match(hand.lines[2], /no hub: .* aoc-hub/)
    // A new hub knows nobody yet.
    hand.gone('s::old')
    hand.take({ kind: 'link', sessionId: 's', link: { kind: 'live', laggedMs: null } })
    t.match(hand.labels, /bare/)
    t.match(hand.labels, /old/)
    t.notMatch(hand.lines[2], /no hub/)
    hand.take({ kind: 'local', sessionId: 's', found: null })
    t.notMatch(hand.labels, /bare/)
  },
)

void t.test('several sessions: a group each, the cursor passes over the headings', async (t) => {
  const hand = new Hand([stateOf('one')], { isAll: true })
  hand.join('a', [stateOf('two', { session: 'a' })])
  t.strictSame(
    hand.lines.slice(3, 7).map((line) => line.replace(/ .*/, '')),
    ['a', '●', 's', '●'],
  )
  t.equal(hand.labels, '>two one')
  hand.press('j')
  t.equal(hand.labels, 'two >one')
  t.match(hand.press('enter'), [{ sessionId: 's' }])
})

void t.test('no size is too small', async (t) => {
  for (const columns of [1, 2, 7, 20, 40])
    for (const rows of [1, 2, 3, 5, 8]) {
      const hand = new Hand(states(), { columns, rows })
      for (const key of [
        'j',
        'i',
        'escape',
        'x',
        'escape',
        '?',
        'escape',
        '/',
        'escape',
        '2',
        '3',
        '4',
        'e',
      ]) {
        hand.press(key)
        t.equal(hand.lines.length, rows, `${columns}×${rows} after ${key}`)
      }
    }
})

void t.test(
  'what its terminal shows stands in the dialog, and again when it asks something else',
  async (t) => {
    const hand = new Hand([asking('old', noonMs - 1_000)])
    hand.press('i')
    const look = hand.effects.at(-1)
    t.match(look, { kind: 'command', command: 'get_screen', target: 's::old' })
    const result = {
      lines: ['Do you want to proceed?', '❯ 1. Yes', '  2. No\u001b[2J'],
      columns: 80,
      rows: 24,
    }
    const commandId = look?.kind === 'command' ? look.commandId : 0
    hand.take({ kind: 'result', commandId, result: { command: 'get_screen', status: 'ok', result } })
    t.match(hand.lines.join('\n'), /│ ❯ 1\. Yes[^]*│ {3}2\. No\[2J/)
    const before = hand.effects.length
    hand.say([asking('old', noonMs)])
    t.match(hand.effects.slice(before), [{ command: 'get_screen' }])
  },
)

void t.test('what is typed for an agent at work does not answer what it asks meanwhile', async (t) => {
  const hand = new Hand([stateOf('old')])
  hand.press('i', 'go on please')
  hand.say([asking('old', noonMs)])
  t.match(hand.lines.join('\n'), /it asks something now/)
  t.strictSame(hand.press('enter'), [])
  t.match(hand.lines.join('\n'), /> go on please[^]*✗ it asks something now/)
})

void t.test('what came of a command whose dialog was closed is told all the same', async (t) => {
  const hand = new Hand(states())
  hand.press('x', 'y', 'escape', 'y')
  hand.answer({ status: 'error', message: 'it does not end', error: { code: 'stop_failed', message: '' } })
  t.match(hand.lines.at(-1), /✗ old: it does not end/)
  hand.press('j', 'i', 'hi', 'ctrl_t', 'escape')
  hand.answer({ message: 'written' })
  t.match(hand.lines.at(-1), /✓ young: written/)
})

void t.test('two sessions may have agents of one id: each is its own', async (t) => {
  const hand = new Hand([], { isAll: true })
  const of = (label: string): AgentState => ({ ...stateOf('x', { label }), agent_id: 'a::b::c' })
  hand.join('a', [of('one')])
  hand.join('a::b', [of('two')])
  t.match(hand.labels, /one/)
  t.match(hand.labels, /two/)
  for (const [key, label, sessionId] of [
    ['g', 'one', 'a'],
    ['G', 'two', 'a::b'],
  ]) {
    hand.press(key!, 'x')
    t.match(hand.lines.join('\n'), new RegExp(`End ${label!}`))
    t.match(hand.press('y'), [{ command: 'stop_agent', sessionId, target: 'a::b::c' }])
    hand.press('escape')
  }
})

void t.test('the group of who needs the person stands first', async (t) => {
  const hand = new Hand([stateOf('calm')], { isAll: true })
  hand.join('z', [asking('urgent', noonMs - 1_000)])
  t.equal(hand.labels, '>urgent calm')
})

void t.test('a filter does not hide that somebody needs the person', async (t) => {
  const hand = new Hand(states())
  hand.press('/', 'broken', 'enter')
  t.match(hand.lines[1], /2 hidden need you · filter: broken/)
})

void t.test('what could do something where it is pasted is not copied', async (t) => {
  const hand = new Hand([{ ...stateOf('x'), agent_id: 's::x\ntouch y' }])
  t.strictSame(hand.press('y'), [])
  t.match(hand.lines.at(-1), /not copied/)
})

void t.test('help and explanations are read to their end at any size', async (t) => {
  const hand = new Hand(states(), { columns: 40, rows: 14 })
  hand.press('?', 'G')
  t.match(hand.lines.join('\n'), /nothing but its/)
  const { top } = hand.model.overlay as { top: number }
  hand.press('j', 'k')
  t.equal((hand.model.overlay as { top: number }).top, top - 1, 'and not past it')
})

void t.test(
  'a v1 agent that cannot explain itself: what its state says, and why there is no more',
  async (t) => {
    const hand = new Hand([v1StateOf('7', { message: 'building' })])
    t.match(hand.press('e'), [{ command: 'explain', target: 's::7' }])
    const message = 'this agent speaks the v1 protocol, which has no explain'
    hand.answer({ status: 'error', message, error: { code: 'unsupported_command', message } })
    const text = hand.lines.join('\n')
    t.match(text, /s::7 is running for 2m/)
    t.match(text, /decided by {2}report → running, 2m ago: "agent_status running/)
    t.match(text, /this agent speaks the v1 protocol, which has no explain/)
    t.notMatch(text, /✗ this agent/)
    // Another fault is shown as one.
    hand.press('escape', 'e')
    hand.answer({ status: 'error', message: 'it is busy', error: { code: 'timeout', message: 'it is busy' } })
    t.match(hand.lines.join('\n'), /✗ it is busy/)
    t.notMatch(hand.lines.join('\n'), /decided by/)
  },
)

void t.test('a v1 agent takes no input and no stop: said before anything is done', async (t) => {
  const hand = new Hand([v1StateOf('7')])
  hand.press('i')
  t.equal(hand.effects.length, 0, 'nor is it asked what it shows')
  t.match(
    hand.lines.join(' '),
    /✗ nobody can write to it by the v1 protocol, which it speaks; type in its pane/,
  )
  const message = 'this agent speaks the v1 protocol, which has no send_input'
  t.match(hand.press('hi', 'enter'), [{ command: 'send_input' }])
  hand.answer({ status: 'error', message, error: { code: 'unsupported_command', message } })
  t.match(hand.lines.join('\n'), /✗ this agent speaks the v1 protocol, which has no send_input/)
  hand.press('escape', 'x')
  t.match(
    hand.lines.join(' '),
    /✗ nobody can stop it by the v1 protocol, which it speaks; end it in its pane/,
  )
  t.notMatch(hand.lines.join('\n'), /SIGINT/, 'which it would not get')
})

const withFiles = (): AgentState =>
  v1StateOf('7', { diff_summary: diffOfFiles(['M big.txt +9 -9', 'M small.txt +1 -1']) })

void t.test('a patch that takes long: how far it is, for how long; Esc gives up', async (t) => {
  const hand = new Hand([withFiles()])
  t.match(hand.press('3', 'enter'), [{ command: 'get_diff_patch', args: { path: 'big.txt' }, commandId: 1 }])
  t.match(hand.lines.join('\n'), /… fetching the patch …/)
  t.notMatch(hand.lines.join('\n'), /Esc gives up/)
  hand.take({ kind: 'progress', commandId: 1, part: 2, parts: 4 })
  hand.wait(3_000)
  t.match(hand.lines.join('\n'), /… fetching the patch, part 2 of 4 …\s+It has taken 3s\. Esc gives up\./)
  t.strictSame(hand.press('escape'), [{ kind: 'give_up', commandId: 1 }])
  t.equal(hand.model.overlay, null)
  t.equal(hand.model.open.size, 0)
  // What comes of it all the same is nobody's.
  hand.take({ kind: 'progress', commandId: 1, part: 3, parts: 4 })
  const late = { command: 'get_diff_patch', status: 'error' as const, message: 'timeout: late' }
  hand.take({ kind: 'result', commandId: 1, result: late })
  t.notMatch(hand.lines.join('\n'), /late/)
})

void t.test('the next file instead of one that is being fetched; then nothing is given up', async (t) => {
  const hand = new Hand([withFiles()])
  hand.press('3', 'enter')
  t.match(hand.press('n'), [
    { kind: 'give_up', commandId: 1 },
    { command: 'get_diff_patch', args: { path: 'small.txt' }, commandId: 2 },
  ])
  hand.take({ kind: 'progress', commandId: 1, part: 2, parts: 4 })
  t.notMatch(hand.lines.join('\n'), /part 2/)
  hand.answer({ result: { patch: '@@ -1 +1 @@\n-one\n+two\n' } })
  t.match(hand.lines.join('\n'), /\+two/)
  t.strictSame(hand.press('escape'), [])
})

void t.test('Esc gives up before it clears what is looked for', async (t) => {
  const hand = new Hand([withFiles()])
  hand.press('3', 'enter')
  hand.answer({ result: { patch: '@@ -1 +1 @@\n-one\n+two\n' } })
  hand.press('/', 'two', 'enter', 'n')
  t.match(hand.model.overlay, { kind: 'patch', search: 'two' })
  t.match(hand.press('escape'), [{ kind: 'give_up' }])
  t.equal(hand.model.overlay, null)
})
