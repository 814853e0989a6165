import t from 'tap'
import { Frames } from '../../../lib/pulse/terminal/frames.js'
import { themeOf } from '../../../lib/pulse/terminal/theme.js'
import { Grid } from '../../../lib/pulse/view/grid.js'
import type { Picture } from '../../../lib/pulse/view/picture.js'

const theme = themeOf('terminal', 256)

function pictureOf(text: string, columns = 20): Picture {
  const grid = new Grid(columns, 2)
  grid.put(0, 0, text)
  return { grid, cursor: null, hits: [] }
}

/** A canvas that takes what it is given when the test says so. */
function newCanvas() {
  return {
    written: [] as string[],
    isTaken: true,
    size: () => ({ columns: 20, rows: 2 }),
    isFree() {
      return this.isTaken
    },
    write(bytes: string) {
      this.written.push(bytes)
      this.isTaken = false
    },
  }
}

void t.test('of many pictures the newest is drawn, when the terminal has taken the last', async (t) => {
  const canvas = newCanvas()
  const frames = new Frames(canvas)
  frames.draw(pictureOf('one'))
  t.same(canvas.written, [], 'it has not started')
  frames.start(theme)
  t.equal(canvas.written.length, 1)
  t.match(canvas.written[0], 'one')
  for (let i = 0; i < 1_000; i++) frames.draw(pictureOf(`number ${i}`))
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.equal(canvas.written.length, 1, 'it takes nothing')
  canvas.isTaken = true
  frames.next()
  t.equal(canvas.written.length, 2)
  t.match(canvas.written[1], 'number 999')
  frames.stop()
})

void t.test('pictures that come fast are drawn one by one, later', async (t) => {
  const canvas = newCanvas()
  const frames = new Frames(canvas)
  frames.start(theme)
  for (const text of ['one', 'two', 'three']) {
    frames.draw(pictureOf(text))
    canvas.isTaken = true
  }
  t.equal(canvas.written.length, 1)
  while (canvas.written.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(canvas.written[1], 'three')
  frames.stop()
})

void t.test('what is shown is not drawn again, unless it was lost', async (t) => {
  const canvas = newCanvas()
  const frames = new Frames(canvas)
  frames.start(theme)
  frames.draw(pictureOf('one'))
  canvas.isTaken = true
  frames.draw(pictureOf('one'))
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.equal(canvas.written.length, 1)
  frames.forget()
  t.equal(canvas.written.length, 2)
  canvas.isTaken = true
  frames.stop()
  frames.draw(pictureOf('two'))
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.equal(canvas.written.length, 2, 'stopped')
  frames.start(theme)
  t.match(canvas.written[2], 'two')
})

void t.test('a picture of another size is not drawn', async (t) => {
  const canvas = newCanvas()
  const frames = new Frames(canvas)
  frames.start(theme)
  frames.draw(pictureOf('large', 21))
  t.same(canvas.written, [])
  frames.draw(pictureOf('right'))
  t.match(canvas.written[0], 'right')
})
