import { execFileSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeTempDir, startChild, startHubChild, stopChild, waitForOutput } from './children.js'
import type { Side } from './suite.js'
import { hubSpeech, natsSpeech, redisSpeech, type Speech } from './speech.js'
import type { Address } from './tap.js'

/** A running program that fans out. */
export interface Candidate {
  name: Side
  child: ChildProcess
  address: Address
  speech: Speech
}

/** What `program --version` prints; null when it is not installed. */
export function versionOf(program: string): string | null {
  try {
    return execFileSync(program, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  } catch {
    return null
  }
}

/** Starts a hub on a socket of its own. */
export async function startHub(): Promise<Candidate> {
  const { child, socket } = startHubChild(makeTempDir())
  await waitForOutput(child, 'listens on')
  return { name: 'ours', child, address: { path: socket }, speech: hubSpeech }
}

/** Starts the hub and, where installed, its neighbours: on free loopback ports, nothing written to disk. */
export async function startCandidates(): Promise<Candidate[]> {
  const starting = [startHub()]
  if (versionOf('nats-server') !== null) starting.push(startNats())
  if (versionOf('redis-server') !== null) starting.push(startRedis())
  return Promise.all(starting)
}

/** Starts the bare relay: the floor under any Node program's latency. */
export async function startRelay(): Promise<Candidate> {
  const socket = path.join(makeTempDir(), 'relay.sock')
  const child = startChild(process.execPath, [fileURLToPath(new URL('relay.js', import.meta.url)), socket])
  await waitForOutput(child, 'ready')
  return { name: 'bare', child, address: { path: socket }, speech: hubSpeech }
}

/** Ends what was started. */
export async function stopCandidates(candidates: Candidate[]): Promise<void> {
  await Promise.all(candidates.map(({ child }) => stopChild(child)))
}

async function startNats(): Promise<Candidate> {
  const port = await freePort()
  const child = startChild('nats-server', ['-a', '127.0.0.1', '-p', String(port)])
  await waitForOutput(child, 'Server is ready')
  return { name: 'nats', child, address: { host: '127.0.0.1', port }, speech: natsSpeech }
}

async function startRedis(): Promise<Candidate> {
  const port = await freePort()
  const file = path.join(makeTempDir(), 'redis.conf')
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    'save ""',
    'appendonly no',
    // Its default cuts off a subscriber with 32 MB unread; the load keeps far below, but it should never count.
    'client-output-buffer-limit pubsub 0 0 0',
    `dir ${path.dirname(file)}`,
  ]
  fs.writeFileSync(file, `${settings.join('\n')}\n`)
  const child = startChild('redis-server', [file])
  await waitForOutput(child, 'Ready to accept connections')
  return { name: 'redis', child, address: { host: '127.0.0.1', port }, speech: redisSpeech }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
