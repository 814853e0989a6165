/**
 * Bundles the programs of package.json's `bin` over what tsc has built of them: `node scripts/bundle.mjs [dist]`.
 * One file instead of some hundred, and only the parts of zod that are used: a program starts sooner and takes a
 * third less memory beyond Node's own. The library (`dist/lib`) stays as tsc makes it.
 */
import { build } from 'esbuild'
import fs from 'node:fs'
import path from 'node:path'

/**
 * terminal-kit looks for its parts when they are asked for, which a bundle does not have. These are the parts that a
 * terminal's keys need; what draws images, documents and menus is left out.
 */
const partsOfTerminalKit = {
  name: 'parts of terminal-kit',
  setup(bundler) {
    bundler.onLoad({ filter: /terminal-kit[/\\]lib[/\\]termkit\.js$/ }, () => ({
      contents: `
        const termkit = module.exports
        Object.assign(termkit, require('./misc.js'), require('./detectTerminal.js'))
        termkit.Palette = require('./Palette.js')
        termkit.createTerminal = require('./Terminal.js').create`,
    }))
  },
}

const root = path.resolve(import.meta.dirname, '..')
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
const { bin } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
const chunks = path.join(dist, 'bin/chunks')

fs.rmSync(chunks, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: Object.keys(bin).map((name) => `bin/${name}.ts`),
  outdir: path.join(dist, 'bin'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // What is imported late stays in a file of its own, and so is not loaded before.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Beside a machine's own binary.
  external: ['@lydell/node-pty'],
  // ES modules before CommonJS: they can be taken in part.
  mainFields: ['module', 'main'],
  plugins: [partsOfTerminalKit],
  // A README among the tables of terminals, of which one is taken by its name.
  loader: { '': 'empty' },
  // CommonJS asks for Node's modules by `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
  },
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
})

for (const [file, { inputs }] of Object.entries(metafile.outputs)) {
  const isChunk = path.dirname(path.resolve(root, file)) === chunks
  // It finds the hub's program two folders above its own, in `dist/lib/wire` as in a chunk.
  if ('lib/wire/start-hub.ts' in inputs && !isChunk)
    throw new Error(`start-hub.ts is in ${file}, not in a chunk`)
}
for (const name of Object.keys(bin)) fs.chmodSync(path.join(dist, `bin/${name}.js`), 0o755)
fs.writeFileSync(path.join(chunks, 'LICENSES.txt'), licenses(Object.keys(metafile.inputs)))

/** The licenses of the packages that are in the bundle, which ask to go with it. */
function licenses(inputs) {
  const packages = new Set(inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]))
  return [...packages]
    .filter((dir) => dir !== undefined)
    .toSorted((a, b) => a.localeCompare(b))
    .map((dir) => {
      const { name, version, license } = JSON.parse(
        fs.readFileSync(path.join(root, dir, 'package.json'), 'utf8'),
      )
      const file = fs.readdirSync(path.join(root, dir)).find((entry) => /^licen[cs]e/i.test(entry))
      const text = file === undefined ? license : fs.readFileSync(path.join(root, dir, file), 'utf8').trim()
      return `${name} ${version}\n\n${text}\n`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}
