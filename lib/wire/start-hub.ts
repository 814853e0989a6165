import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startedHubIdleSeconds } from './limits.js'

/**
 * Starts the hub of a session in the background, as tmux starts its server. Two starters at once are no harm: the
 * socket file lets one hub win. It ends by itself some time after its last client left.
 */
export function startHubProcess(hub: { sessionId: string; socketPath: string; logDir: string }): void {
  const program = fileURLToPath(new URL('../../bin/aoc-hub.js', import.meta.url))
  const args = ['--session', hub.sessionId, '--pulse-socket-path', hub.socketPath, '--log-dir', hub.logDir]
  const idle = ['--exit-when-idle', String(startedHubIdleSeconds)]
  const child = spawn(process.execPath, [program, ...args, ...idle], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  })
  // Nobody to start is the same as nobody who listens: the client tries again.
  child.on('error', () => {})
  child.unref()
}
