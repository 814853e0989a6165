import fs from 'node:fs'
import type { Note } from './children.js'

/** Waits for the end of the process that forked it, then kills what that left running and removes its folders. */

const pids = new Set<number>()
const dirs = new Set<string>()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.on('message', (note: Note) => {
  switch (note.kind) {
    case 'child':
      pids.add(note.pid)
      break
    case 'ended':
      pids.delete(note.pid)
      break
    case 'dir':
      dirs.add(note.dir)
      break
  }
})

process.on('disconnect', () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  for (const dir of dirs) fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
})
