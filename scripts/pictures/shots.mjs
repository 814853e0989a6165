import { openFilm } from './film.mjs'
import { svgOf } from './svg.mjs'

const agents = 'Nine agents of the session shop'

/** The pictures of docs/pictures: the size of the screen, the keys that lead there, and what is to be seen. */
export const shots = [
  {
    name: 'overview',
    columns: 116,
    rows: 20,
    title: 'aoc-pulse, Overview',
    about: `${agents}: three need the person and stand first, one has failed, three work, one is idle; below, more on the first.`,
  },
  {
    name: 'overview-light',
    theme: 'light',
    columns: 116,
    rows: 20,
    title: 'aoc-pulse, Overview in the light theme',
    about: `${agents}, those that need the person first.`,
  },
  {
    name: 'compact',
    columns: 60,
    rows: 16,
    title: 'aoc-pulse in a narrow pane',
    about: `${agents} on 60 columns: the state, the label and what each wants or does.`,
  },
  {
    name: 'write',
    columns: 90,
    rows: 26,
    keys: [{ downTo: 'npm publish' }, 'i', '1'],
    title: 'aoc-pulse, answering an agent',
    about:
      'A box with the question of an agent, its choices as its terminal shows them, and the key that is typed.',
  },
  {
    name: 'explain',
    columns: 90,
    rows: 20,
    keys: ['n', 'n', 'e'],
    title: 'aoc-pulse, explaining a status',
    about: 'A box that says which signal decides the status of an agent, and which have lost to it.',
  },
  {
    name: 'work',
    columns: 116,
    rows: 28,
    keys: ['2'],
    title: 'aoc-pulse, Work',
    about: 'The tasks of each project, by tag: how many are done, and the ones that are open.',
  },
  {
    name: 'diff',
    columns: 116,
    rows: 20,
    keys: ['3', { downTo: 'checkout/retry.ts' }],
    title: 'aoc-pulse, Diff',
    about:
      'The files that the agents have changed, by repository: staged, unstaged, untracked, with lines added and removed.',
  },
  {
    name: 'patch',
    columns: 96,
    rows: 34,
    keys: ['3', { downTo: 'checkout/retry.ts' }, 'enter'],
    title: 'aoc-pulse, a patch',
    about: 'The patch of one file, with line numbers.',
  },
  {
    name: 'health',
    columns: 116,
    rows: 30,
    keys: ['4'],
    title: 'aoc-pulse, Health',
    about: 'The hub and its counters, the heartbeat of each agent, and what is missing where.',
  },
]

/** All pictures, by their file's name. @param base see `openFilm`. */
export async function makePictures(base) {
  const film = await openFilm(base)
  return new Map(
    shots.map(({ name, theme = 'dark', ...shot }) => {
      const picture = film.shoot(shot)
      return [`${name}.svg`, { picture, svg: svgOf(picture, film.palettes[theme], shot) }]
    }),
  )
}
