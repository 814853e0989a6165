/** How long each signal of `stop_agent` is given. Issue and seed 001: SIGINT, then SIGTERM, then SIGKILL. */
const steps: readonly { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: 'SIGINT', waitMs: 1_500 },
  { signal: 'SIGTERM', waitMs: 800 },
  { signal: 'SIGKILL', waitMs: 2_000 },
]

/**
 * Ends a process, as gently as it lets itself be ended.
 * @param send signals its process group; @param exited resolves once it is gone; @param sleep waits.
 * @returns the signal that it took, or null when it outlived them all.
 */
export async function stopProcess(
  send: (signal: NodeJS.Signals) => void,
  exited: Promise<void>,
  sleep: (ms: number) => Promise<void>,
): Promise<NodeJS.Signals | null> {
  const gone = exited.then(() => 'gone' as const)
  for (const { signal, waitMs } of steps) {
    send(signal)
    // A stopped process takes no signal but SIGKILL until it goes on.
    if (signal !== 'SIGKILL') send('SIGCONT')
    if ((await Promise.race([gone, sleep(waitMs)])) === 'gone') return signal
  }
  return null
}
