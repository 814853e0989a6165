import { readdirSync, readFileSync, statSync } from 'node:fs'
import t from 'tap'
import type { Picture } from '../../lib/pulse/view/picture.js'

/** What scripts/pictures gives: it is no TypeScript, so that it runs without a build of its own. */
interface Scripts {
  makePictures: (base: URL) => Promise<Map<string, { picture: Picture; svg: string }>>
  shots: { name: string }[]
}

const root = new URL('../../', import.meta.url)
const { makePictures, shots } = (await import(new URL('scripts/pictures/shots.mjs', root).href)) as Scripts
// With the sources as they are, whatever has been built.
const pictures = await makePictures(root)
const linesOf = (name: string): string[] => pictures.get(`${name}.svg`)!.picture.grid.lines

void t.test('docs/pictures are what the screen is today', async (t) => {
  const files = readdirSync(new URL('docs/pictures', root))
  t.same(files.toSorted(), [...pictures.keys()].toSorted(), 'a picture for each shot: npm run pictures')
  for (const [name, { svg }] of pictures) {
    const file = readFileSync(new URL(`docs/pictures/${name}`, root), 'utf8')
    // A diff of two pictures says nothing.
    t.ok(file === svg, `${name} is not what the screen is today: npm run pictures`)
    t.ok(svg.length < 60_000, `${name} has ${svg.length} characters`)
  }
})

void t.test('README shows them, and none that is not there', async (t) => {
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const shown = [...readme.matchAll(/docs\/pictures\/([\w-]+)\.svg/g)].map(([, name]) => name!)
  t.same([...new Set(shown)].toSorted(), shots.map(({ name }) => name).toSorted())
})

void t.test('the recording is small, and knows no machine', async (t) => {
  const file = new URL('fixtures/screen/session.ndjson', root)
  t.ok(statSync(file).size < 300_000)
  const text = readFileSync(file, 'utf8')
  t.notMatch(text, /\/(tmp|var|root|work|private|Users)\//)
  t.match(text, '/home/me/code/web')
})

void t.test('those that need the person come first, then what has failed', async (t) => {
  const rows = linesOf('overview').filter((line) => /^[◆✗●○·] \w/.test(line))
  const words = rows.map((line) => line.split(' ')[1])
  t.same(words.slice(0, 4), ['needs_input', 'needs_input', 'needs_input', 'error'])
  t.match(rows[0], /opencode +question: Half cents/)
  t.match(rows[1], /claude +permission: Bash: npm publish/)
  t.match(rows[2], /claude +plan: /)
  t.match(rows[3], /codex +.*usage limit/)
  t.equal(rows.length, 9)
  t.match(
    rows.find((row) => row.includes(' tests ')),
    /exited with 1/,
  )
})

void t.test('each mode shows what it is for', async (t) => {
  t.match(linesOf('work').join('\n'), /One idempotency key for all attempts/)
  t.match(linesOf('diff').join('\n'), /src\/checkout\/retry\.ts/)
  t.match(linesOf('patch').join('\n'), /\+const pausesMs = \[0, 500, 2_000\]/)
  t.match(linesOf('health').join('\n'), /live for/)
  t.match(linesOf('write').join('\n'), /1\. Yes[^]*> 1/)
  t.match(linesOf('explain').join('\n'), /PermissionRequest/)
  t.ok(pictures.get('write.svg')!.picture.cursor, 'and where the next letter goes')
})

void t.test('a picture is whole: every character of the grid is in it, in its place', async (t) => {
  for (const [name, { picture, svg }] of pictures) {
    const seen = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text).join('')
    const plain = seen.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
    const letters = (text: string): string => text.replaceAll(/[\s─│┌┐└┘├┤\u200e]/g, '')
    t.equal(letters(plain), letters(picture.grid.lines.join('')), name)
  }
  const [first] = [...pictures.values()]
  // The alarm is the one thing with a background of its own.
  t.match(first!.svg, /<rect class="alarm"/)
  t.match(first!.svg, /<text class="needs_input b" /)
  t.match(first!.svg, /<title id="title">aoc-pulse, Overview<\/title>/)
})
