/** Draws docs/pictures anew from the recorded session: `npm run pictures`, or `node scripts/pictures.mjs [dist]`. */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { makePictures } from './pictures/shots.mjs'

const root = path.resolve(import.meta.dirname, '..')
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
const folder = path.join(root, 'docs/pictures')

const pictures = await makePictures(pathToFileURL(`${dist}/`))
fs.rmSync(folder, { recursive: true, force: true })
fs.mkdirSync(folder)
for (const [name, { svg }] of pictures) {
  fs.writeFileSync(path.join(folder, name), svg)
  console.log(`${name.padEnd(20)} ${Buffer.byteLength(svg)} bytes`)
}
