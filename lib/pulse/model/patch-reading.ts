import { patchMatches } from '../view/patch.js'
import { diffItems, type DiffItem } from './diff-items.js'
import type { Intent } from './intent.js'
import { findAgent, type Model, type PatchOverlay } from './model.js'
import { partsOf } from './parts.js'
import { scrollOf } from './scroll-of.js'
import { command, copied, nameOf, same, wordOf, type Step } from './step.js'
import { edited, emptyLine, oneLine, textOf, type TextLine } from './text-line.js'

type FileItem = Extract<DiffItem, { kind: 'file' }>
type Reading = Model & { overlay: PatchOverlay }

/** Fetches the patch of a file, and shows it. */
export function openPatch(before: Model, { key, sessionId, agentId, path }: FileItem): Step {
  const { model, effects } = withoutFetch(before)
  const agent = agentId === null ? null : findAgent(model, { sessionId, agentId })
  const name = agent === null ? path : nameOf(agent)
  const given = command(model, name, {
    sessionId,
    command: 'get_diff_patch',
    target: agentId,
    args: { path },
  })
  const overlay: PatchOverlay = {
    kind: 'patch',
    sessionId,
    agentId,
    key,
    path,
    lines: null,
    message: wordOf(model, 'busy', 'fetching the patch …'),
    commandId: given.commandId,
    top: 0,
    search: model.overlay?.kind === 'patch' ? model.overlay.search : '',
    searchLine: null,
  }
  const places = { ...model.places, diff: { ...model.places.diff, selected: key } }
  return { model: { ...given.model, overlay, places }, effects: [...effects, ...given.effects] }
}

/** Nobody waits any more for the patch that is being fetched, if one is. */
function withoutFetch(model: Model): Step {
  const { overlay } = model
  if (overlay?.kind !== 'patch' || overlay.commandId === null) return same(model)
  const { commandId } = overlay
  const open = new Map(model.open)
  open.delete(commandId)
  return { model: { ...model, open }, effects: [{ kind: 'give_up', commandId }] }
}

function closed(before: Model): Step {
  const { model, effects } = withoutFetch(before)
  return { model: { ...model, overlay: null }, effects }
}

/** Does what the person wants while a patch is read. Pure. */
export function obeyPatch(model: Reading, intent: Intent): Step {
  const { overlay } = model
  if (overlay.searchLine !== null) return same(obeySearch(model, overlay.searchLine, intent))
  const by = scrollOf(model, intent)
  if (by !== null) {
    const topMax = Math.max(0, (overlay.lines?.length ?? 0) - (partsOf(model).body.rows - 1))
    return same({ ...model, overlay: { ...overlay, top: Math.max(0, Math.min(overlay.top + by, topMax)) } })
  }
  if (intent.kind === 'next_file') return nextFile(model, intent.by)
  if (intent.kind === 'search' || intent.kind === 'filter')
    return same({ ...model, overlay: { ...overlay, searchLine: emptyLine } })
  if (intent.kind === 'next_match') {
    const from = intent.by === 1 ? overlay.top + 1 : overlay.top
    return same({ ...model, overlay: toMatch(overlay, intent.by, from) })
  }
  if (intent.kind === 'copy') return copied(model, overlay.path)
  const isFetching = overlay.commandId !== null
  if (intent.kind === 'cancel' && overlay.search !== '' && !isFetching)
    return same({ ...model, overlay: { ...overlay, search: '' } })
  return intent.kind === 'cancel' || intent.kind === 'quit' ? closed(model) : same(model)
}

function nextFile(model: Reading, by: 1 | -1): Step {
  const files = diffItems(model).filter((item): item is FileItem => item.kind === 'file')
  if (files.length === 0) return same(model)
  const at = files.findIndex(({ key }) => key === model.overlay.key)
  return openPatch(model, files[(at + by + files.length) % files.length]!)
}

function obeySearch(model: Reading, line: TextLine, intent: Intent): Model {
  const { overlay } = model
  if (intent.kind === 'edit') {
    const searchLine = edited(line, oneLine(intent.edit))
    const search = textOf(searchLine)
    return { ...model, overlay: toMatch({ ...overlay, searchLine, search }, 1, overlay.top) }
  }
  if (intent.kind === 'open') return { ...model, overlay: { ...overlay, searchLine: null } }
  return intent.kind === 'cancel'
    ? { ...model, overlay: { ...overlay, searchLine: null, search: '' } }
    : model
}

/** The next line that holds what is looked for, at the top; from the last one the first again. */
function toMatch(overlay: PatchOverlay, by: 1 | -1, from: number): PatchOverlay {
  const matches = patchMatches(overlay)
  if (matches.length === 0) return overlay
  const next =
    by === 1
      ? (matches.find((line) => line >= from) ?? matches[0]!)
      : (matches.findLast((line) => line < from) ?? matches.at(-1)!)
  return { ...overlay, top: next }
}
