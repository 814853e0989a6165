/** A process that does not run again after so long was never stopped. */
const stoppedMs = 100

/**
 * Stops this process as a shell expects of a job, and comes back when it goes on. In a process group that no shell
 * looks after, the system stops nobody, and it comes back soon.
 * @param whom `group`: all processes of the job, as Ctrl-Z does in a terminal that is not raw; `self`: this one.
 */
export async function stopAsJob(whom: 'group' | 'self'): Promise<void> {
  const goesOn = new Promise<void>((resolve) => {
    const go = (): void => {
      process.off('SIGCONT', go)
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(go, stoppedMs)
    process.on('SIGCONT', go)
  })
  process.kill(whom === 'group' ? 0 : process.pid, 'SIGTSTP')
  await goesOn
}
