/** Every bound of the bus in one place; the unit is the last word of each name. */

/** UTF-8 bytes of one line without its newline, both ways. Seed 001, "Framing". */
export const lineBytesMax = 262_144
/** UTF-8 bytes of one agent's state as JSON: what is left of a line when the hub's envelope is around it. */
export const stateBytesMax = lineBytesMax - 8_192
/** Levels of nesting in a frame; a deeper one parses and then breaks the printer. */
export const jsonLevelsMax = 64

/** Characters of a session id, sender id, pane id, agent id or request id. */
export const idCharsMax = 256
export const capabilitiesMax = 64
export const topicsMax = 32
export const changesPerDeltaMax = 1_000

/** Recent deltas the hub keeps for a resume, by count and by bytes, whichever is reached first. */
export const historyDeltasMax = 2_048
export const historyBytesMax = 4 * 1_024 * 1_024
/** Seqs reserved on disk at a time, so that a restart never goes back. */
export const seqBlock = 65_536

/** Unsent bytes past which a subscriber is lagging. */
export const subscriberBudgetBytes = 1_024 * 1_024
/** Results and errors that wait for a client that does not read; past that it is closed. */
export const controlQueueBytesMax = 1_024 * 1_024
/** A client that takes nothing for this long is closed. */
export const stalledMs = 30_000

/** A connection that says no hello is ended after this long (a person types slowly). */
export const helloWaitMs = 60_000
export const silentConnectionsMax = 64
export const connectionsMax = 1_024
export const agentsMax = 4_096
/** UTF-8 bytes of all agents' states together. */
export const cacheBytesMax = 64 * 1_024 * 1_024
/** Frames taken from one connection in one turn of the event loop. */
export const framesPerTurnMax = 256

/** A lost publisher's agent is shown offline after this long. */
export const offlineGraceMs = 2_000
/** An agent without a sign of life is removed after this long; 0 keeps it. */
export const staleSecondsDefault = 30
/** An idle subscriber gets an empty delta this often, less up to a fifth of it by chance. */
export const bookmarkMs = 15_000
/** How often a wrapper says that it lives. Seed 000, "Update Cadence": every 5–10 s. */
export const heartbeatMs = 5_000

/** The hub answers a command for the agent when it has not answered by then. */
export const commandDeadlineMs = 10_000
/** For this long a repeated request gets the first one's results again. */
export const commandMemoryMs = 120_000
export const commandMemoryMax = 1_024
export const commandMemoryBytesMax = 8 * 1_024 * 1_024
export const openCommandsPerClientMax = 64

/** Error frames a connection may cause at once, and how many more each second after. */
export const errorBurstMax = 20
export const errorsPerSecond = 5

/** Entries of `diff_summary.files`. Seed 000, "Security Constraints". */
export const diffFilesMax = 500
/** UTF-8 bytes that `diff_summary.files` may take of a state. */
export const diffFilesBytesMax = 96 * 1_024
export const diffDebounceMs = 500
export const diffIntervalMs = 2_000
export const tasksDebounceMs = 500
/** A tasks file larger than this is not read. */
export const tasksFileBytesMax = 8 * 1_024 * 1_024
export const tagsMax = 32
export const activeTasksMax = 10

/** Characters of a snippet and of a status detail. */
export const snippetCharsMax = 140
/** Rows of a screen that `get_screen` gives, and characters of one of them. */
export const screenRowsMax = 200
export const screenRowsDefault = 20
export const screenLineCharsMax = 400
/** A wrapper publishes at most this often a second. */
export const publishesPerSecond = 4

/** The bytes of a Unix socket's path; Node 20 cuts a longer one silently. */
export const socketPathBytesMax = 103

export const reconnectFirstMs = 1_000
export const reconnectMaxMs = 10_000
/** A hub that a client started ends this long after its last client left. */
export const startedHubIdleSeconds = 600

/** UTF-8 bytes of an agent's runtime file: its state, and who wrote it. */
export const agentFileBytesMax = stateBytesMax + 1_024
/** While no hub has its agent, a wrapper writes the runtime file at most this often; a change of status sooner. */
export const agentFileIntervalMs = 1_000
export const agentFileUrgentMs = 200

/** UTF-8 bytes of the patch in a v1 `diff_patch_response`. Seed 000, "Security Constraints". */
export const v1PatchBytesMax = 1_024 * 1_024
/** Websockets of v1 clients at once. */
export const v1ConnectionsMax = 64
/** A message of more than `lineBytesMax` is refused; one past this ends its websocket, which has to hold it whole. */
export const v1MessageBytesMax = 4 * 1_024 * 1_024
/** A v1 client is pinged this often, and ended when it has given no sign of life for three times as long. */
export const v1PingMs = 10_000
/** A v1 client that takes nothing of what waits for it is ended after this long. */
export const v1WriteMs = 30_000
