import { loopbackHost } from './address.js'
import { quoted } from './quoted.js'

/**
 * Which HTTP requests the v1 door takes. A browser sends requests to loopback for any page that asks, and a page whose
 * name is made to lead here (DNS rebinding) even reads the answers: so whom a request addresses, and on whose behalf it
 * comes, is looked at before anything else.
 */

/** What is looked at of a request; node's `IncomingMessage` is one. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface RequestRules {
  /** Origins of pages that may, character by character as a browser sends them. */
  readonly allowedOrigins: readonly string[]
}

/** The status of the answer, and why, in one line of printable ASCII for the person. */
export interface Refusal {
  status: 403 | 404 | 405
  reason: string
}

/** What a request asks for; `details` only with `/health?details=true`. */
export type Target = { path: '/ws' } | { path: '/health'; details: boolean }

/** Why a request or an upgrade is refused; null when it is not. */
export function refusalOf(request: RequestHead, rules: RequestRules): Refusal | null {
  const { method = '', url = '', headers } = request
  const stranger = strangerOf(headers, rules)
  if (stranger !== null) return { status: 403, reason: stranger }
  const target = targetOf(url)
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, reason: `${quoted(method)} is not taken; ask with GET` }
  if (target === null)
    return { status: 404, reason: `there is nothing at ${quoted(url)}; the hub has /ws and /health` }
  if (method === 'HEAD' && target.path === '/ws')
    return { status: 405, reason: '/ws takes a websocket, which starts with GET' }
  return null
}

/**
 * The target of a request line. Only the two paths themselves count: nothing is decoded, resolved or cut, so that
 * nobody on the way can have meant another one. Parameters that are not known are passed over.
 */
export function targetOf(url: string): Target | null {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  if (path === '/ws') return { path }
  if (path !== '/health') return null
  return { path, details: mark !== -1 && new URLSearchParams(url.slice(mark)).get('details') === 'true' }
}

/** RFC 9110, 7.2: host, and a port or none. Which port is no matter: a tunnel may lead here from another. */
const hostHeader = /^(\[[^[\]]*\]|[^:[\]]*)(?::\d{1,5})?$/

function strangerOf(headers: RequestHead['headers'], { allowedOrigins }: RequestRules): string | null {
  const { host, origin, 'sec-fetch-site': site } = headers
  const asked = 'ask 127.0.0.1, localhost or [::1]'
  if (host === undefined || host === '') return `the request has no Host; ${asked}`
  const name = typeof host === 'string' ? hostHeader.exec(host)?.[1] : undefined
  if (name === undefined || loopbackHost(name) === null)
    return `the Host ${quoted(String(host))} is not this machine's loopback; ${asked}`
  if (origin !== undefined) {
    // Its page is allowed by name: then it is no matter from which site it came.
    if (typeof origin === 'string' && allowedOrigins.includes(origin)) return null
    return `the page ${quoted(String(origin))} may not reach the hub: no web page may that --allow-origin does not name. A program sends no Origin`
  }
  // A navigation, an image or a script of a page comes without an origin. W3C, Fetch Metadata Request Headers.
  if (site === undefined || site === 'none' || site === 'same-origin') return null
  return `a web page of another site (${quoted(String(site))}) may not reach the hub`
}
