import net from 'node:net'
import { createInterface } from 'node:readline'
import { hello, hubLine } from './speech.js'

/** The least that a Node program can do with a hub's deltas and heartbeats: each line is parsed, and forgotten. */
const [path = ''] = process.argv.slice(2)
const greeting = Buffer.concat([
  hello({ role: 'subscriber', capabilities: ['subscribe', 'snapshot', 'delta', 'heartbeat'] }),
  hubLine('subscribe', { topics: ['agent_state', 'health'] }),
])
const socket = net.connect({ path }, () => socket.write(greeting))
let isFirst = true
createInterface({ input: socket }).on('line', (line) => {
  JSON.parse(line)
  if (isFirst) console.log('ready')
  isFirst = false
})
