import type { Item } from '../view/list.js'
import type { ListPlace } from './model.js'

/** A list's place among rows that may be others now: the row under the cursor stays where it is on the screen. */
export function settled(place: ListPlace, items: readonly Item[], rows: number): ListPlace {
  const { selected, at } = place
  // Agents that are away for a moment take the cursor's place with them.
  if (items.length === 0) return place
  if (selected === null) return placed(null, 0, clampTop(place.top, items.length, rows), place)
  const found = indexOf(items, selected)
  if (found >= 0)
    return placed(
      selected,
      found,
      topFor(found, clampTop(place.top + found - at, items.length, rows), rows),
      place,
    )
  // It is gone: the one that stands in its place is next.
  const next = selectable(items, Math.min(at, items.length - 1), 1) ?? selectable(items, items.length - 1, -1)
  if (next === null) return placed(null, 0, 0, place)
  return placed(items[next]!.key, next, clampTop(place.top, items.length, rows), place)
}

/** A place; the one before when it is the same. */
function placed(selected: string | null, at: number, top: number, before: ListPlace): ListPlace {
  const isSame = before.selected === selected && before.at === at && before.top === top
  return isSame ? before : { selected, at, top }
}

/** The row under the cursor: the first one until the person has moved it; of one that is gone, the one in its place. */
export function cursorOf(place: ListPlace, items: readonly Item[]): number {
  if (place.selected === null) return selectable(items, 0, 1) ?? -1
  const found = indexOf(items, place.selected)
  if (found >= 0) return found
  const at = Math.min(place.at, items.length - 1)
  return selectable(items, at, 1) ?? selectable(items, at, -1) ?? -1
}

/** The cursor moved by rows; over rows that cannot be under it, and at most to the first or last. */
export function moved(place: ListPlace, items: readonly Item[], by: number, rows: number): ListPlace {
  const from = cursorOf(place, items)
  if (from < 0) return place
  const wanted = Math.min(items.length - 1, Math.max(0, from + by))
  const to = selectable(items, wanted, by < 0 ? -1 : 1) ?? selectable(items, wanted, by < 0 ? 1 : -1) ?? from
  // At the top a heading above the first row is worth seeing.
  const shown = selectable(items, 0, 1) === to ? 0 : to
  const top = topFor(to, topFor(shown, clampTop(place.top, items.length, rows), rows), rows)
  return { selected: items[to]!.key, at: to, top }
}

/** What is shown moved by rows; the cursor goes along only when it would be out of sight. */
export function scrolled(place: ListPlace, items: readonly Item[], by: number, rows: number): ListPlace {
  const top = clampTop(clampTop(place.top, items.length, rows) + by, items.length, rows)
  const at = cursorOf(place, items)
  if (at < 0 || (at >= top && at < top + rows)) return { ...place, top }
  const to = at < top ? selectable(items, top, 1) : selectable(items, top + rows - 1, -1)
  return to === null ? { ...place, top } : { selected: items[to]!.key, at: to, top }
}

/** The first row that is shown, so that the cursor is seen. */
export function topOf(place: ListPlace, items: readonly Item[], rows: number): number {
  const at = cursorOf(place, items)
  const top = clampTop(place.top, items.length, rows)
  return at < 0 ? top : topFor(at, top, rows)
}

function topFor(at: number, top: number, rows: number): number {
  if (at < top) return at
  return at >= top + rows ? at - rows + 1 : top
}

function clampTop(top: number, count: number, rows: number): number {
  return Math.max(0, Math.min(top, count - rows))
}

function indexOf(items: readonly Item[], key: string): number {
  return items.findIndex((item) => item.key === key)
}

function selectable(items: readonly Item[], from: number, by: 1 | -1): number | null {
  for (let at = from; at >= 0 && at < items.length; at += by) if (items[at]!.key !== null) return at
  return null
}
