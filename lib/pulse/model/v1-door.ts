import type { V1Health } from '../../wire/messages.js'
import { printable } from '../text.js'
import type { FactPart, Note } from './notes.js'

/** The hub's websocket of v1 clients: where it is and who is there, or why nobody can come in. Pure. */
export function v1Door(v1: V1Health): { parts: readonly FactPart[]; notes: readonly Note[] } {
  return v1.listening ? openDoor(v1) : closedDoor(v1)
}

function openDoor(v1: V1Health): ReturnType<typeof v1Door> {
  const { url, connections, publishers, subscribers, refused, errors, queue_drops: drops } = v1
  const parts = [
    plain(addressOf(url)),
    plain(counted(connections, 'websocket', 'websockets')),
    plain(counted(publishers, 'publisher', 'publishers')),
    plain(counted(subscribers, 'subscriber', 'subscribers')),
  ]
  const notes: Note[] = []
  const fault = (count: number, one: string, more: string, note: Omit<Note, 'tone'>): void => {
    if (count === 0) return
    parts.push({ text: `! ${counted(count, one, more)}`, tone: 'warning' })
    notes.push({ tone: 'info', ...note })
  }
  fault(refused, 'refused', 'refused', {
    what: 'refused: web pages, other users, wrong addresses',
    todo: "the hub's log says which",
  })
  fault(errors, 'error', 'errors', {
    what: 'errors: wrong messages of v1 clients',
    todo: 'each was told what is wrong',
  })
  fault(drops, 'queue drop', 'queue drops', {
    what: 'queue drops',
    todo: 'a v1 client read too slowly, and got all states anew; nothing to do',
  })
  return { parts, notes }
}

function closedDoor({ url, reason }: V1Health): ReturnType<typeof v1Door> {
  const told = printable(reason ?? '')
  const at = addressOf(url)
  if (told === '')
    return { parts: [...(at === '' ? [] : [plain(at)]), { text: '… opening', tone: 'info' }], notes: [] }
  const fact: FactPart = { text: '! does not listen', tone: 'warning' }
  return {
    parts: [fact, ...(at === '' ? [] : [plain(at)])],
    notes: [{ tone: 'info', ...remedyOf(told, at) }],
  }
}

/** A refused address says itself what would be right. What else keeps the hub from listening it tries again. */
function remedyOf(reason: string, address: string): Omit<Note, 'tone'> {
  if (address !== '')
    return {
      what: reason,
      todo: 'free the port: the hub tries every 5 s; or give it and its clients AOC_HUB_URL',
    }
  const [, what = reason, right = '127.0.0.1 and a port'] =
    /^(.*?)\. Give (.*?),?(?: for one)?\.$/s.exec(reason) ?? []
  return { what, todo: `give ${right}, and start the hub again` }
}

/** `127.0.0.1:42123`: what all URLs of it have is left out. */
function addressOf(url: string): string {
  return printable(url)
    .replace(/^ws:\/\//, '')
    .replace(/\/ws$/, '')
}

function counted(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`
}

function plain(text: string): FactPart {
  return { text, tone: 'plain' }
}
