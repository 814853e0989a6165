import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import readline from 'node:readline'
import { nowUs } from './clock.js'

/**
 * Stands in for Claude Code: it is started with `--settings`, and posts its events to the hooks that these name, on a
 * connection that it keeps. Each line that comes by its socket is an event; each answer says how the post went.
 * Claude Code docs, Hooks, "HTTP".
 */

/** What it says first. */
export interface Greeting {
  hasHooks: boolean
  /** The line of the hook that is a command; null when there is none. */
  command: string | null
}

export interface Posted {
  /** By the clock of `nowUs`. */
  beganUs: number
  answeredUs: number
  status: number
  /** Whether the connection was open already. */
  wasOpen: boolean
}

interface Hook {
  command?: string
  url?: string
  headers?: Record<string, string>
}

const { argv } = process
const socketPath = argv.at(-1)!
const settings = argv.includes('--settings') ? argv[argv.indexOf('--settings') + 1] : undefined
const { hooks = {} } = JSON.parse(
  settings?.startsWith('{') === false ? readFileSync(settings, 'utf8') : (settings ?? '{}'),
) as { hooks?: Record<string, { hooks: Hook[] }[]> }
const hookOf = (event: string): Hook => hooks[event]?.[0]?.hooks[0] ?? {}
const connections = new http.Agent({ keepAlive: true, maxSockets: 1 })

const bench = net.connect({ path: socketPath })
bench.on('error', () => process.exit(1))
bench.on('close', () => process.exit())
say({ hasHooks: settings !== undefined, command: hookOf('SessionStart').command ?? null })
readline.createInterface({ input: bench }).on('line', post)

function say(what: Greeting | Posted): void {
  bench.write(`${JSON.stringify(what)}\n`)
}

function post(body: string): void {
  const { hook_event_name: event } = JSON.parse(body) as { hook_event_name: string }
  const { url, headers = {} } = hookOf(event)
  if (url === undefined) throw new Error(`no hook of ${event} is posted`)
  const filled = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace(/\$(\w+)/g, (_, variable: string) => process.env[variable] ?? ''),
  ])
  const beganUs = nowUs()
  const request = http.request(
    url,
    {
      method: 'POST',
      agent: connections,
      headers: {
        ...Object.fromEntries(filled),
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    },
    (response) => {
      const { statusCode: status = 0 } = response
      response
        .resume()
        .on('end', () => say({ beganUs, answeredUs: nowUs(), status, wasOpen: request.reusedSocket }))
    },
  )
  request.end(body)
}
