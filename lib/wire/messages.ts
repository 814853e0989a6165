import * as z from 'zod'
import { capabilitiesMax, changesPerDeltaMax, idCharsMax, topicsMax } from './limits.js'

/**
 * The frames of the Unix socket: zod schemas, and the types derived from them. Seed 001, "Message Types";
 * what the hub adds (epoch, resume, error, health) is docs/PROTOCOL.md's.
 *
 * Two unions: what a client may send (`ClientEnvelope`, lenient where a person types) and what the hub sends
 * (`HubEnvelope`). `null` stands for an absent optional field: serde-based clients print it so.
 */

/** An id a person may see: not empty, no control characters. */
export const Id = z
  .string()
  .min(1)
  .max(idCharsMax)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not hold control characters')
/** The same field where it is compared with an id that was checked at hello. */
const KnownId = z.string().max(idCharsMax)
const Millis = z.int().nonnegative()
export const Word = z.string().min(1).max(64)
const Text = z.string().max(16_384)

export const lifecycles = ['needs_input', 'error', 'running', 'idle', 'offline'] as const
/** What an agent does, in one word. design: lifecycle. */
export type Lifecycle = (typeof lifecycles)[number]

/** The words taken on input; `busy` and `needs-input` are read as `running` and `needs_input`. */
const LifecycleInput = z.enum([...lifecycles, 'busy', 'needs-input'])
type LifecycleInput = z.infer<typeof LifecycleInput>

/** The word written for a word read. */
export function canonicalLifecycle(word: LifecycleInput): Lifecycle {
  if (word === 'busy') return 'running'
  if (word === 'needs-input') return 'needs_input'
  return word
}

/**
 * One agent's last state. Unknown keys are kept; `source` is the publisher's own and is passed on as it came.
 * Times are milliseconds since 1970.
 */
export const AgentState = z.looseObject({
  agent_id: KnownId,
  session_id: KnownId,
  pane_id: KnownId,
  lifecycle: z.enum(lifecycles),
  snippet: z.string().nullish(),
  last_heartbeat_ms: Millis.nullish(),
  last_activity_ms: Millis.nullish(),
  updated_at_ms: Millis.nullish(),
  source: z.unknown().optional(),
})
export type AgentState = z.infer<typeof AgentState>

/** A state as a publisher gives it: what the hub knows already may be left out. */
const StateInput = z.looseObject({
  ...AgentState.shape,
  agent_id: KnownId.nullish(),
  session_id: KnownId.nullish(),
  pane_id: KnownId.nullish(),
  lifecycle: LifecycleInput,
})
export type StateInput = z.infer<typeof StateInput>

const Remove = z.object({ op: z.literal('remove'), agent_id: KnownId, state: z.null().optional() })
const ChangeInput = z.discriminatedUnion('op', [
  z.object({ op: z.literal('upsert'), agent_id: KnownId, state: StateInput }),
  Remove,
])
export const StateChange = z.discriminatedUnion('op', [
  z.object({ op: z.literal('upsert'), agent_id: KnownId, state: AgentState }),
  Remove,
])
export type StateChange = z.infer<typeof StateChange>

const HelloInput = z.object({
  client_id: Id,
  role: z.enum(['publisher', 'subscriber']),
  capabilities: z.array(Word).max(capabilitiesMax).nullish(),
  agent_id: Id.nullish(),
  pane_id: Id.nullish(),
  project_root: z.string().max(4_096).nullish(),
})
export type HelloInput = z.infer<typeof HelloInput>

const SubscribeInput = z.object({
  topics: z.array(Word).max(topicsMax).nullish(),
  since_seq: z.int().nonnegative().nullish(),
  epoch: z.string().max(64).nullish(),
})
export type SubscribeInput = z.infer<typeof SubscribeInput>

const Heartbeat = z.looseObject({
  agent_id: KnownId,
  last_heartbeat_ms: Millis,
  lifecycle: z.enum(lifecycles).nullish(),
})

const Command = z.object({
  command: Word,
  target_agent_id: KnownId.nullish(),
  args: z.looseObject({}).nullish(),
})
export type Command = z.infer<typeof Command>

const CommandFault = z.looseObject({ code: Word, message: Text })
const CommandResult = z.looseObject({
  command: Word,
  status: z.enum(['accepted', 'ok', 'error']),
  message: Text.nullish(),
  error: CommandFault.nullish(),
  /** What the command was asked for, when it was asked for something. */
  result: z.unknown().optional(),
})
export type CommandResult = z.infer<typeof CommandResult>

/** Protocol versions taken: 1 however it is spelled. */
const Version = z.literal(['1', 1, 'v1'])
const clientHead = {
  version: Version.nullish(),
  session_id: KnownId,
  sender_id: Id.nullish(),
  timestamp: z.string().max(64).nullish(),
  request_id: Id.nullish(),
}

/** Any frame a client may send. */
export const ClientEnvelope = z.discriminatedUnion('type', [
  z.object({ ...clientHead, type: z.literal('hello'), payload: HelloInput }),
  z.object({ ...clientHead, type: z.literal('subscribe'), payload: SubscribeInput }),
  z.object({
    ...clientHead,
    type: z.literal('delta'),
    // Seed 001 numbers every delta; a publisher's number is its own and means nothing here.
    payload: z.object({ seq: z.number().nullish(), changes: z.array(ChangeInput).max(changesPerDeltaMax) }),
  }),
  z.object({
    ...clientHead,
    type: z.literal('heartbeat'),
    payload: z.object({
      agent_id: KnownId,
      last_heartbeat_ms: Millis.nullish(),
      lifecycle: LifecycleInput.nullish(),
    }),
  }),
  z.object({ ...clientHead, type: z.literal('command'), payload: Command }),
  z.object({ ...clientHead, type: z.literal('command_result'), payload: CommandResult }),
])
export type ClientEnvelope = z.infer<typeof ClientEnvelope>
export type ClientFrame<T extends ClientEnvelope['type']> = Extract<ClientEnvelope, { type: T }>

const Seq = z.int().nonnegative()
const Epoch = z.string().nullish()
/** How a `subscribe` with `since_seq` was served. */
export const Resume = z.looseObject({
  mode: z.enum(['replay', 'snapshot']),
  from: Seq.nullish(),
  reason: z.string().nullish(),
})
export type Resume = z.infer<typeof Resume>

/** The door of v1 clients. */
const V1Health = z.looseObject({
  url: z.string(),
  listening: z.boolean(),
  /** Why it does not listen. */
  reason: z.string().nullish(),
  connections: Seq,
  publishers: Seq,
  subscribers: Seq,
  /** Requests and websockets that were not let in. */
  refused: Seq,
  messages_in: Seq,
  messages_out: Seq,
  /** What clients sent that was refused. */
  errors: Seq,
  queue_drops: Seq,
  resyncs: Seq,
})
export type V1Health = z.infer<typeof V1Health>

/** What a hub knows of itself; sent to those who subscribe to `health` and list it among their capabilities. */
export const HubHealth = z.looseObject({
  epoch: z.string(),
  seq: Seq,
  pid: z.int(),
  hub_version: z.string(),
  started_at_ms: Millis,
  agents: Seq,
  publishers: Seq,
  subscribers: Seq,
  frames_in: Seq,
  deltas_out: Seq,
  decode_errors: Seq,
  queue_drops: Seq,
  resyncs: Seq,
  history_deltas: Seq,
  history_bytes: Seq,
  v1: V1Health.nullish(),
})
export type HubHealth = z.infer<typeof HubHealth>

const LayoutPane = z.looseObject({
  /** As in an agent's `pane_id`; absent where the multiplexer does not tell it (zellij before 0.44). */
  pane_id: z.string().nullish(),
  title: z.string().nullish(),
  /** The name of the program that runs in it, without its arguments. */
  command: z.string().nullish(),
  /** Whether it is the one of its tab that is typed into. */
  focused: z.boolean(),
})
const LayoutTab = z.looseObject({
  /** From 1, as `focus_tab` takes it. */
  index: z.int().min(1),
  name: z.string(),
  /** Whether it is the one that is shown. */
  active: z.boolean(),
  panes: z.array(LayoutPane),
})
/**
 * The tabs and panes of the session's multiplexer; sent to those who subscribe to `layout_state` and list it among
 * their capabilities.
 */
export const LayoutState = z.looseObject({
  multiplexer: z.enum(['tmux', 'zellij']),
  tabs: z.array(LayoutTab),
  /** How many panes there are beyond these; only when a frame does not take all of them. */
  panes_left_out: Seq.nullish(),
})
export type LayoutState = z.infer<typeof LayoutState>
export type LayoutTab = z.infer<typeof LayoutTab>
export type LayoutPane = z.infer<typeof LayoutPane>

const hubHead = {
  version: z.string(),
  session_id: z.string(),
  sender_id: z.string(),
  timestamp: z.string(),
  request_id: z.string().nullish(),
}

/** Any frame the hub sends. A client skips a type it does not know. */
export const HubEnvelope = z.discriminatedUnion('type', [
  z.object({
    ...hubHead,
    type: z.literal('hello'),
    payload: z.looseObject({
      client_id: z.string(),
      role: z.literal('hub'),
      capabilities: z.array(z.string()),
      epoch: z.string(),
      seq: Seq,
      max_frame_bytes: z.int(),
      hub_version: z.string(),
      pid: z.int().min(1),
      agents: Seq,
      /** The websocket of v1 clients, when it is open. */
      v1_url: z.string().nullish(),
    }),
  }),
  z.object({
    ...hubHead,
    type: z.literal('snapshot'),
    payload: z.looseObject({
      seq: Seq,
      epoch: Epoch,
      states: z.array(AgentState),
      resume: Resume.nullish(),
      /** How many of the deltas that follow belong to this snapshot. */
      parts: Seq.nullish(),
    }),
  }),
  z.object({
    ...hubHead,
    type: z.literal('delta'),
    payload: z.looseObject({
      seq: Seq,
      epoch: Epoch,
      changes: z.array(StateChange),
      resume: Resume.nullish(),
    }),
  }),
  z.object({ ...hubHead, type: z.literal('heartbeat'), payload: Heartbeat }),
  z.object({ ...hubHead, type: z.literal('command'), payload: Command }),
  z.object({ ...hubHead, type: z.literal('command_result'), payload: CommandResult }),
  z.object({ ...hubHead, type: z.literal('health'), payload: HubHealth }),
  z.object({ ...hubHead, type: z.literal('layout_state'), payload: LayoutState }),
  z.object({
    ...hubHead,
    type: z.literal('error'),
    payload: z.looseObject({
      code: z.string(),
      message: z.string(),
      line: z.int().nullish(),
      context: z.looseObject({}).nullish(),
    }),
  }),
])
export type HubEnvelope = z.infer<typeof HubEnvelope>
export type HubFrame<T extends HubEnvelope['type']> = Extract<HubEnvelope, { type: T }>

/** Types that only the hub sends: a client that does is told so. */
export const hubOnlyTypes: ReadonlySet<string> = new Set(['snapshot', 'health', 'layout_state', 'error'])

/** Topics of `subscribe`, and what each word grants. Seed 001, "subscribe"; design: Topics. */
export const topicOf: Readonly<Record<string, Topic>> = {
  agent_state: 'agent_state',
  snapshot: 'agent_state',
  delta: 'agent_state',
  command_result: 'command_result',
  health: 'health',
  layout_state: 'layout_state',
}
export type Topic = 'agent_state' | 'command_result' | 'health' | 'layout_state'
export const baselineTopics: readonly Topic[] = ['agent_state', 'command_result']
