import { agentsOf, type Model, type Session } from './model.js'

/** Columns up to which everything is drawn closer. Issue of the seed's Pulse pane: it is narrow. */
export const compactColumnsMax = 92

/** Where the parts of the screen are; rows from the top, all of them within the screen. */
export interface Parts {
  header: number
  /** Whether the modes stand on a row of their own below the header. */
  hasTabs: boolean
  /** A sentence on what is wrong with the source, or null. */
  banner: { y: number; text: string } | null
  body: { y: number; rows: number }
  /** More on the agent under the cursor; 0 rows when there is no room for it. */
  detail: { y: number; rows: number }
  footer: number
}

/** Lays the screen out. Pure. */
export function partsOf(model: Model): Parts {
  const { rows } = model
  const hasTabs = rows >= 5
  let y = hasTabs ? 2 : 1
  const text = rows >= 7 ? bannerOf(model) : null
  const banner = text === null ? null : { y: y++, text }
  const footer = rows - 1
  const hasDetail = model.mode === 'overview' && rows >= 20
  const detailRows = hasDetail ? 4 : 0
  const bodyRows = Math.max(0, footer - detailRows - y)
  return {
    header: 0,
    hasTabs,
    banner,
    body: { y, rows: bodyRows },
    detail: { y: y + bodyRows, rows: detailRows },
    footer,
  }
}

/** Rows of a list that are shown at a time: below its heads. */
export function listRows(model: Model): number {
  return Math.max(1, partsOf(model).body.rows - 1)
}

/** A loss shorter than this is none: hubs are started anew. */
const briefMs = 1_500
/** For so long it is told that the hub had to leave deltas out. */
const laggedToldMs = 5_000

/** What is to be said of where the states come from, and what to do. */
function bannerOf(model: Model): string | null {
  const sessions = [...model.sessions.values()]
  const told = sessions.map((session) => sourceText(session, model)).filter((text) => text !== null)
  if (told.length === 0) return null
  if (sessions.length === 1) return told[0]!
  return told.length === 1 ? told[0]! : `${told.length} sessions have no hub at the moment; Health says more`
}

function sourceText(session: Session, model: Model): string | null {
  const { link, linkMs } = session
  const name = model.isAll ? `${session.id}: ` : ''
  // A clock that was set back makes nothing brief.
  const lasted = Math.abs(model.nowMs - linkMs)
  switch (link.kind) {
    case 'live':
      return link.laggedMs !== null && Math.abs(model.nowMs - link.laggedMs) < laggedToldMs
        ? `${name}behind: the hub sent a whole snapshot instead of each change; nothing to do`
        : null
    case 'connecting':
      if (session.local !== null) return `${name}no hub yet: found on this machine, without live status`
      return agentsOf(session).size > 0 && lasted > briefMs ? `${name}connecting to the hub …` : null
    case 'lost':
      if (session.local !== null)
        return `${name}no hub: shown is what this machine tells by itself. Start one with: aoc-hub`
      return link.wasLive && lasted > briefMs
        ? `${name}hub lost (${link.reason}); shown is what it said last. Connecting again …`
        : null
  }
}
