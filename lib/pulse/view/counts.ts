import { lifecycles, type Lifecycle } from '../../wire/messages.js'
import { glyphs } from '../lifecycle-look.js'
import type { Row } from '../row.js'
import type { Span } from './grid.js'
import { faint, plain, style } from './style.js'

const words: Record<Lifecycle, string> = {
  needs_input: 'need you',
  error: 'failed',
  running: 'running',
  idle: 'idle',
  offline: 'offline',
}

/** How many agents are in each lifecycle, with the words when there is room for them. */
export function countSpans(rows: readonly Row[], withWords: boolean): Span[] {
  return lifecycles.flatMap((lifecycle, i): Span[] => {
    const count = rows.filter((row) => row.lifecycle === lifecycle).length
    const of =
      count === 0 ? faint : style(lifecycle, { bold: lifecycle === 'needs_input' || lifecycle === 'error' })
    const word = lifecycle === 'needs_input' && count === 1 ? 'needs you' : words[lifecycle]
    const text = `${glyphs[lifecycle]} ${count}${withWords ? ` ${word}` : ''}`
    return i === 0
      ? [[text, of]]
      : [
          ['  ', plain],
          [text, of],
        ]
  })
}
