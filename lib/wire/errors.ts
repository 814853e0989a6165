/** Why a frame was refused. Stable words: clients match on them. */
export type WireErrorCode =
  | 'invalid_json'
  | 'invalid_envelope'
  | 'invalid_payload'
  | 'frame_too_large'
  | 'expected_hello'
  | 'unexpected_hello'
  | 'session_mismatch'
  | 'unsupported_version'
  | 'unknown_type'
  | 'unknown_topic'
  | 'agent_id_mismatch'
  | 'role_violation'
  | 'too_many_connections'
  | 'too_many_agents'
  | 'hello_timeout'

/** Why a command failed. Stable words: clients match on them. */
export type CommandErrorCode =
  | 'invalid_target'
  | 'invalid_args'
  | 'publisher_missing'
  | 'publisher_gone'
  | 'role_violation'
  | 'unsupported_command'
  | 'focus_failed'
  | 'too_many_commands'
  | 'stop_failed'
  | 'no_terminal'
  | 'attention_passed'
  | 'patch_unavailable'
  | 'timeout'

/** A frame that cannot be taken. `message` is written for the person who typed the line. */
export class WireError extends Error {
  override readonly name = 'WireError'
  constructor(
    readonly code: WireErrorCode,
    message: string,
    readonly context?: Record<string, unknown>,
  ) {
    super(message)
  }
}

/** A command that cannot be done. `message` is written for the person who gave it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  constructor(
    readonly code: CommandErrorCode,
    message: string,
    /** What can be told all the same, for `result` beside the error. */
    readonly result?: unknown,
  ) {
    super(message)
  }
}
