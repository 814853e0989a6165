import net from 'node:net'

/**
 * The least that a Node program can do for a delivery: what it reads from one connection it writes to the others. It
 * knows no frames. What the hub takes beyond this is its own.
 */
const [socketPath = ''] = process.argv.slice(2)
const others = new Set<net.Socket>()

const server = net.createServer((socket) => {
  let isPublisher: boolean | undefined
  socket.on('data', (chunk) => {
    if (isPublisher === undefined) {
      isPublisher = chunk.includes('"publisher"')
      if (!isPublisher) others.add(socket)
      socket.write('{}\n')
      return
    }
    for (const other of others) other.write(chunk)
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => others.delete(socket))
})
server.listen(socketPath, () => console.log('ready'))
