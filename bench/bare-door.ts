import http from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { hubPublisher } from './speech.js'

/**
 * The least that a Node program can do with a hook: what is posted to it is answered and written as one line to the
 * relay. What a wrapper takes beyond this is its own.
 */
const [relayPath = ''] = process.argv.slice(2)
const relay = net.connect({ path: relayPath })
relay.write(hubPublisher('7').bytes)
relay.resume().on('close', () => process.exit())

const server = http.createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 }).end('{}')
    relay.write(Buffer.concat([...chunks, Buffer.from('\n')]))
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ is ready`)
})
