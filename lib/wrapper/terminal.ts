import { spawnSync } from 'node:child_process'
import { isInForeground } from './processes.js'

/**
 * The person's terminal, around the agent's: raw while the agent runs, as it was found in the end. `stty` does it,
 * since Node's own raw mode goes on translating newlines, which breaks full-screen programs.
 */
export class PersonsTerminal {
  #saved: string | null = null

  get isRaw(): boolean {
    return this.#saved !== null
  }

  get size(): { columns: number; rows: number } {
    const { columns = 80, rows = 24 } = process.stdout
    return { columns: columns || 80, rows: rows || 24 }
  }

  /** Makes it raw, unless a shell has put this process into the background. */
  takeOver(): void {
    if (this.#saved !== null || !isInForeground(process.pid)) return
    const saved = stty(['-g'])
    if (saved === null) return
    if (stty(['raw', '-echo']) !== null) this.#saved = saved
  }

  /** Gives it back as it was found. */
  giveBack(): void {
    if (this.#saved === null) return
    const saved = this.#saved
    this.#saved = null
    stty([saved])
  }
}

function stty(args: string[]): string | null {
  const result = spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trim() : null
}
