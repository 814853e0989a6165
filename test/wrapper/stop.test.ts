import t from 'tap'
import { stopProcess } from '../../lib/wrapper/stop.js'

void t.test('which signals are sent, and when', async (t) => {
  const table: [string, string | null, string[]][] = [
    ['ends at SIGINT', 'SIGINT', ['SIGINT', 'SIGCONT']],
    ['ends at SIGTERM', 'SIGTERM', ['SIGINT', 'SIGCONT', '1500', 'SIGTERM', 'SIGCONT']],
    ['ends at SIGKILL', 'SIGKILL', ['SIGINT', 'SIGCONT', '1500', 'SIGTERM', 'SIGCONT', '800', 'SIGKILL']],
    ['does not end', null, ['SIGINT', 'SIGCONT', '1500', 'SIGTERM', 'SIGCONT', '800', 'SIGKILL', '2000']],
  ]
  for (const [name, endsAt, expected] of table) {
    const done: string[] = []
    let end = (): void => {}
    const exited = new Promise<void>((resolve) => {
      end = resolve
    })
    const send = (signal: string): void => {
      done.push(signal)
      if (signal === endsAt) end()
    }
    const sleep = async (ms: number): Promise<void> => {
      // A moment for the end to be seen first, as it is by a real clock.
      await new Promise((resolve) => setImmediate(resolve))
      done.push(String(ms))
    }
    t.equal(await stopProcess(send, exited, sleep), endsAt, name)
    t.strictSame(done, expected, name)
  }
})
