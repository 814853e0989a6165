/**
 * The library for authors of other clients: the wire's types and schemas, encoder and decoder, and a client that
 * stays connected. docs/PROTOCOL.md says what they mean.
 */
export { HubClient, type HubClientOptions } from './wire/client.js'
export {
  agentCommandNames,
  hubCommandNames,
  parseCommand,
  type AgentCommand,
  type HubCommand,
} from './wire/commands.js'
export { decodeClientLine, decodeHubLine, decodeV1Message } from './wire/decode.js'
export { encodeLine, printJson, type EnvelopeHead } from './wire/encode.js'
export { CommandError, WireError, type CommandErrorCode, type WireErrorCode } from './wire/errors.js'
export {
  agentId,
  IdentityError,
  paneId,
  paneOf,
  portOf,
  runtimeRoot,
  sessionId,
  slug,
  socketPath,
  type Env,
  type Surroundings,
} from './wire/identity.js'
export * as limits from './wire/limits.js'
export { LineReader, type Line } from './wire/lines.js'
export {
  AgentState,
  canonicalLifecycle,
  ClientEnvelope,
  HubEnvelope,
  HubHealth,
  LayoutState,
  lifecycles,
  StateChange,
  type ClientFrame,
  type Command,
  type CommandResult,
  type HelloInput,
  type HubFrame,
  type Lifecycle,
  type Resume,
  type SubscribeInput,
  type Topic,
  type V1Health,
} from './wire/messages.js'
export { giveOneCommand, NoHubError, type OneCommand } from './wire/one-command.js'
export { Replica, type Applied, type ResumeToken } from './wire/replica.js'
export { AgentStatus, DiffFile, DiffReason, DiffSummary, TaskSummary } from './wire/source.js'
export { Subscriber, type SubscriberOptions } from './wire/subscriber.js'
export { V1Envelope, v1Payloads, v1Types, type V1Message, type V1Payload, type V1Type } from './wire/v1.js'
export { lookAround } from './wire/surroundings.js'
export { version } from './wire/version.js'
