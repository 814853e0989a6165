import { FrameCounter } from './counter.js'
import { deltaLines } from './delta.js'
import type { Candidate } from './candidates.js'
import { Tap } from './tap.js'

/** The loads that every candidate gets alike. The process that runs them is the publisher and all the subscribers. */

/** Frames of one write. */
const batchFrames = 64
/**
 * Frames that may be on their way to the slowest subscriber: some 0.4 MB. The hub gives a subscriber 1 MiB and hears
 * of what was written up to a turn late, so at twice as many it may take one that keeps up for one that lags.
 */
const inFlightMax = 512

const payloads = deltaLines(batchFrames)

export interface FloodResult {
  /** Frames published, each of which came to every subscriber. */
  frames: number
  ms: number
}

/**
 * Publishes for `forMs` as fast as the candidate delivers, to so many subscribers.
 * @throws when a frame is missing or one too many came.
 */
export async function flood(
  { name, address, speech }: Candidate,
  subscriberCount: number,
  forMs: number,
): Promise<FloodResult> {
  const taps: Tap[] = []
  try {
    // The publisher first: with it there, the hub has nothing of its own to tell of its agent.
    const publisher = await Tap.open(address, speech.publisher.bytes, speech.publisher.isReady)
    taps.push(publisher)
    for (let i = 0; i < subscriberCount; i++)
      taps.push(await Tap.open(address, speech.subscriber.bytes, speech.subscriber.isReady))
    const batch = Buffer.concat(payloads.map(speech.frame))
    const subscribers = taps.slice(1).map((tap) => ({ tap, counter: new FrameCounter(), batches: 0 }))

    let sent = 0
    let everywhere = 0
    /** For each batch on its way, by its number modulo the ring, how many have all of it. */
    const arrivals = new Uint32Array(inFlightMax / batchFrames)
    const missing = (): string => {
      const short = subscribers.filter(({ counter }) => counter.frames < sent)
      const lost = short.reduce((sum, { counter }) => sum + sent - counter.frames, 0)
      return `${name}: ${lost} of ${sent * subscriberCount} deliveries, to ${short.length} of ${subscriberCount} subscribers, did not arrive`
    }
    const beginMs = performance.now()
    const ms = await publisher.during<number>((done) => {
      const publish = (): void => {
        const ms = performance.now() - beginMs
        if (ms >= forMs) {
          if (sent === everywhere) done(ms)
          return
        }
        for (; sent - everywhere < inFlightMax; sent += batchFrames) publisher.write(batch)
      }
      for (const subscriber of subscribers) {
        const { tap, counter } = subscriber
        tap.hear = (chunk, length) => {
          counter.take(chunk, length)
          const before = everywhere
          for (; subscriber.batches < Math.floor(counter.frames / batchFrames); subscriber.batches++) {
            const slot = subscriber.batches % arrivals.length
            arrivals[slot]!++
            if (arrivals[slot] !== subscriberCount) continue
            arrivals[slot] = 0
            everywhere += batchFrames
          }
          if (everywhere > before) publish()
        }
      }
      publish()
    }, missing)
    // A frame that came twice would come now.
    await new Promise((resolve) => setTimeout(resolve, 5))
    const wrong = subscribers.filter(({ counter }) => counter.frames !== sent)
    if (wrong.length > 0)
      throw new Error(`${name}: ${wrong.length} subscribers got another number of frames than ${sent}`)
    return { frames: sent, ms }
  } finally {
    for (const tap of taps) tap.close()
  }
}

/** Publishes one frame at a time, with a pause after each delivery. @returns milliseconds of each delivery. */
export async function roundTrips(
  { address, speech }: Candidate,
  count: number,
  pauseMs: number,
): Promise<number[]> {
  const publisher = await Tap.open(address, speech.publisher.bytes, speech.publisher.isReady)
  const subscriber = await Tap.open(address, speech.subscriber.bytes, speech.subscriber.isReady)
  try {
    const frames = payloads.map(speech.frame)
    const counter = new FrameCounter()
    const times: number[] = []
    return await subscriber.during<number[]>(
      (done) => {
        let sentMs = 0
        const publish = (): void => {
          sentMs = performance.now()
          publisher.write(frames[times.length % frames.length]!)
        }
        subscriber.hear = (chunk, length) => {
          counter.take(chunk, length)
          if (counter.frames <= times.length) return
          times.push(performance.now() - sentMs)
          if (times.length === count) done(times)
          else setTimeout(publish, pauseMs)
        }
        publish()
      },
      () => `frame ${counter.frames + 1} of ${count} was not delivered`,
    )
  } finally {
    subscriber.close()
    publisher.close()
  }
}
