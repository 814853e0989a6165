import * as z from 'zod'
import type { LayoutPane, LayoutTab } from '../wire/messages.js'
import { parseKdl, type KdlNode } from './kdl.js'
import type { Run } from './run-program.js'
import { zellijAction } from './zellij.js'

/**
 * The tabs of a session and their panes, without those of plugins. zellij tells panes' ids since 0.44 (`list-panes`,
 * `list-tabs`); an older one is asked for `dump-layout`, which has none. @throws {CommandError} when zellij says no.
 */
export async function readZellijLayout(sessionId: string, run: Run): Promise<LayoutTab[]> {
  const action = zellijAction(sessionId, run)
  try {
    const asked = [action('list-panes', '--json', '--all'), action('list-tabs', '--json', '--all')] as const
    const [panes, tabs] = await Promise.all(asked)
    return parseZellijLists(panes, tabs)
  } catch {
    return parseZellijDump(await action('dump-layout'))
  }
}

/** zellij's documentation, "CLI Actions", list-panes and list-tabs; positions count from 0. */
const ListedPane = z.object({
  id: z.int().nonnegative(),
  is_plugin: z.boolean(),
  is_focused: z.boolean(),
  is_floating: z.boolean(),
  is_suppressed: z.boolean(),
  title: z.string().nullish(),
  tab_id: z.int(),
  tab_position: z.int().nonnegative(),
  tab_name: z.string(),
  /** What runs in it now, with its arguments. */
  pane_command: z.string().nullish(),
  /** What it was opened for. */
  terminal_command: z.string().nullish(),
})
const ListedTab = z.object({
  tab_id: z.int(),
  active: z.boolean(),
  are_floating_panes_visible: z.boolean(),
})

/** What `list-panes --json` and `list-tabs --json` printed: pure. @throws when they are no lists. */
export function parseZellijLists(panes: string, tabs: string): LayoutTab[] {
  const states = new Map(entries(tabs, ListedTab).map((tab) => [tab.tab_id, tab]))
  const listed = entries(panes, ListedPane)
  const floating = new Set(listed.flatMap((pane) => (pane.is_floating ? pane.tab_id : [])))
  const found = new Map<number, LayoutTab>()
  for (const pane of listed) {
    const state = states.get(pane.tab_id)
    let tab = found.get(pane.tab_id)
    if (tab === undefined) {
      tab = { index: pane.tab_position + 1, name: pane.tab_name, active: state?.active === true, panes: [] }
      found.set(pane.tab_id, tab)
    }
    if (pane.is_plugin) continue
    // Of the tiled panes one has the focus and of the floating ones another; only those in front are typed into.
    const areFloatingInFront = floating.has(pane.tab_id) && state?.are_floating_panes_visible === true
    const isInFront = pane.is_floating === areFloatingInFront
    tab.panes.push({
      // As in the pane's ZELLIJ_PANE_ID.
      pane_id: String(pane.id),
      title: pane.title ?? '',
      command: programOf(pane.pane_command ?? pane.terminal_command ?? ''),
      focused: pane.is_focused && isInFront && !pane.is_suppressed,
    })
  }
  return [...found.values()].toSorted((a, b) => a.index - b.index)
}

/** The entries of a JSON list that are what they should be. */
function entries<T>(text: string, Entry: z.ZodType<T>): T[] {
  return z
    .array(z.unknown())
    .parse(JSON.parse(text))
    .flatMap((entry) => Entry.safeParse(entry).data ?? [])
}

/**
 * What `dump-layout` printed: pure. Only the tabs that stand in the layout itself are tabs; those in swap layouts and
 * templates are plans. @throws {SyntaxError} when it is no layout.
 */
export function parseZellijDump(text: string): LayoutTab[] {
  const layout = parseKdl(text).find(({ name }) => name === 'layout')
  if (layout === undefined) throw new SyntaxError('zellij: dump-layout printed no layout')
  return layout.children
    .filter(({ name }) => name === 'tab')
    .map((tab, i) => {
      const floating = tab.children.filter(({ name }) => name === 'floating_panes').flatMap(panesIn)
      const tiled = panesIn(tab)
      const areFloatingInFront = floating.length > 0 && !isSet(tab, 'hide_floating_panes')
      const panes = [
        ...tiled.map((pane) => paneOf(pane, !areFloatingInFront)),
        ...floating.map((pane) => paneOf(pane, areFloatingInFront)),
      ]
      return { index: i + 1, name: tab.props.get('name') ?? '', active: isSet(tab, 'focus'), panes }
    })
}

/** The panes of a node that hold a terminal; a pane that has panes is only their frame. */
function panesIn(node: KdlNode): KdlNode[] {
  return node.children
    .filter(({ name, children }) => name === 'pane' && !children.some((child) => child.name === 'plugin'))
    .flatMap((pane) => (pane.children.some(({ name }) => name === 'pane') ? panesIn(pane) : [pane]))
}

function paneOf(pane: KdlNode, isInFront: boolean): LayoutPane {
  return {
    title: pane.props.get('name') ?? '',
    command: programOf(pane.props.get('command') ?? ''),
    focused: isInFront && isSet(pane, 'focus'),
  }
}

/** Whether a property is true: `true` in KDL 1, `#true` in KDL 2. */
function isSet(node: KdlNode, property: string): boolean {
  return /^#?true$/.test(node.props.get(property) ?? '')
}

/** The name of the program of a command line: its first word, without the folder. */
function programOf(commandLine: string): string {
  const first = /\S+/.exec(commandLine)?.[0] ?? ''
  return first.slice(first.lastIndexOf('/') + 1)
}
