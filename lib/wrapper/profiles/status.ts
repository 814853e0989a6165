import type { Meaning } from '../lifecycle/signal.js'
import type { Profile } from './profile.js'

/**
 * What a program means by what it announces: Program Status Protocol, revision 0.3. Each announcement takes the place
 * of the one before.
 */
export const statusMeanings: NonNullable<Profile['status']> = (state, attention): Meaning[] => {
  switch (state) {
    case 'working':
      return [{ says: 'answered', id: null }, { says: 'working' }]
    case 'blocked': {
      const asked = attention ?? 'question'
      const other = asked === 'question' ? 'permission' : 'question'
      return [
        { says: 'answered', id: `status ${other}` },
        { says: 'asks', attention: asked, id: `status ${asked}`, detail: null },
      ]
    }
    case 'done':
    case 'idle':
      return [{ says: 'done', background: null }]
    case 'error':
      return [{ says: 'failed', detail: 'it says that it failed' }]
    case 'clear':
      return [{ says: 'withdrawn' }]
  }
}
