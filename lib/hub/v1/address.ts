import { portOf, type Env } from '../../wire/identity.js'
import { quoted } from './quoted.js'

/** Where the v1 door listens: loopback and nowhere else, whoever says otherwise. Seed 000, "Environment", "Port Derivation". */

/** `host` as a socket takes it: `127.0.0.1`, another of 127.0.0.0/8, or `::1`. Port 0: any free one. */
export interface Address {
  host: string
  port: number
}

export type AddressSource = '--addr' | 'AOC_HUB_ADDR' | 'AOC_HUB_URL'
type AddressFault = 'not_loopback' | 'invalid_address'

/** An address that is not taken; `message` says what was given, what is wrong with it and what would be right. */
export class AddressError extends Error {
  override readonly name = 'AddressError'

  constructor(
    readonly code: AddressFault,
    readonly source: AddressSource,
    message: string,
  ) {
    super(message)
  }
}

/**
 * `--addr`, `AOC_HUB_ADDR` (both `host:port`), host and port of `AOC_HUB_URL` (`ws://host:port/ws`), else 127.0.0.1 and
 * the session's port. Empty ones count as not given; the first that is given decides, right or wrong.
 * @throws {AddressError}
 */
export function v1Address(flags: { addr?: string | undefined }, env: Env, session: string): Address {
  const { AOC_HUB_ADDR: addr, AOC_HUB_URL: url } = env
  const sessionPort = portOf(session)
  if (flags.addr) return takeAddress('--addr', flags.addr, flags.addr, sessionPort)
  if (addr) return takeAddress('AOC_HUB_ADDR', addr, addr, sessionPort)
  if (url) return takeAddress('AOC_HUB_URL', url, /^ws:\/\/([^/?#@]*)\/ws$/i.exec(url)?.[1], sessionPort)
  return { host: '127.0.0.1', port: sessionPort }
}

/** `ws://127.0.0.1:42123/ws`. */
export function urlOf({ host, port }: Address): string {
  return `ws://${host.includes(':') ? `[${host}]` : host}:${port}/ws`
}

/**
 * The loopback address that a host in a URL, an address or a `Host` header stands for: `localhost`, 127.0.0.0/8 as four
 * plain decimal numbers, `[::1]`; null for any other text, also for other ways to write the same.
 */
export function loopbackHost(host: string): string | null {
  if (/^localhost$/i.test(host)) return '127.0.0.1'
  if (host === '[::1]') return '::1'
  return quad.test(host) && host.startsWith('127.') ? host : null
}

const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const quad = new RegExp(`^${byte}(?:\\.${byte}){3}$`)
const hostName = /^[\w-]+(?:\.[\w-]+)*$/
const bracketed = /^\[[\da-f:.]+\]$/i
/** What browsers and resolvers may take for an IPv4 address in another notation. WHATWG URL, "ends in a number". */
const endsInNumber = /(?:^|\.)(?:\d+|0x[\da-f]*)$/i

function takeAddress(
  source: AddressSource,
  given: string,
  hostAndPort: string | undefined,
  sessionPort: number,
): Address {
  const isUrl = source === 'AOC_HUB_URL'
  const [, host = '', portText] = /^(\[[^[\]]*\]|[^:[\]]*)(?::([^:]*))?$/.exec(hostAndPort ?? '') ?? []
  const port = portOfText(portText ?? '')
  const refuse = (code: AddressFault, fault: string): never => {
    const right: Address = { host: '127.0.0.1', port: port ?? sessionPort }
    const example = isUrl ? urlOf(right) : `${right.host}:${right.port}`
    throw new AddressError(code, source, `${source} is ${quoted(given)}: ${fault}. Give ${example}, for one.`)
  }
  if (hostAndPort === undefined) return refuse('invalid_address', 'it is not of the form ws://host:port/ws')
  if (/^[\da-f]*:[\da-f]*:[\da-f:.]*$/i.test(hostAndPort))
    return refuse('invalid_address', 'an IPv6 address stands in brackets, as in [::1]:42000')
  if (host === '' && portText === undefined)
    return refuse('invalid_address', `it is not of the form ${isUrl ? 'ws://host:port/ws' : 'host:port'}`)
  if (host === '' || (portText === undefined && /^\d+$/.test(host)))
    return refuse('invalid_address', 'it names no host')
  if (portText === undefined || portText === '') return refuse('invalid_address', 'it names no port')
  if (port === null) return refuse('invalid_address', 'its port is not a number from 0 to 65535')
  const loopback = loopbackHost(host)
  if (loopback !== null) return { host: loopback, port }
  if (!hostName.test(host) && !bracketed.test(host))
    return refuse('invalid_address', 'its host is neither a name nor an address')
  if (endsInNumber.test(host) && !quad.test(host))
    return refuse('invalid_address', 'its host is not an address of four decimal numbers from 0 to 255')
  return refuse(
    'not_loopback',
    `the hub is for programs of this machine and listens on 127.0.0.1, localhost or [::1] only, not on ${quoted(host)}`,
  )
}

function portOfText(text: string): number | null {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : -1
  return port >= 0 && port <= 65_535 ? port : null
}
