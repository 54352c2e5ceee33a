/**
 * Lives in a network namespace: answers on ports and connects from addresses as it is told, one JSON line an order.
 *
 *     {"listen": {"tcp": [80], "udp": [53]}}                        -> {"listening": true}
 *     {"probe": 7, "from": "10.0.0.1", "to": "10.0.0.2", "protocol": "TCP", "port": 80, "patience": 400}
 *                                                                   -> {"probe": 7, "passed": true}
 *
 * A connection has passed when an answer came back. `patience` is how long to wait for one, in milliseconds.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const servers = new Map();

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function listen({ tcp = [], udp = [] }) {
  const wanted = new Set([...tcp.map((port) => `tcp ${port}`), ...udp.map((port) => `udp ${port}`)]);
  for (const [key, server] of servers) {
    if (wanted.has(key)) continue;
    servers.delete(key);
    server.close();
  }
  for (const key of wanted) {
    if (servers.has(key)) continue;
    const [protocol, port] = key.split(' ');
    if (protocol === 'tcp') {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('here');
      });
      server.listen(Number(port), '::');
      await once(server, 'listening');
      servers.set(key, server);
    } else {
      for (const type of ['udp4', 'udp6']) {
        const socket = createSocket({ type, ipv6Only: true });
        socket.on('message', (message, { port: from, address }) => socket.send(message, from, address));
        socket.on('error', () => undefined);
        socket.bind(Number(port));
        await once(socket, 'listening');
        servers.set(type === 'udp4' ? key : `${key} 6`, socket);
        wanted.add(`${key} 6`);
      }
    }
  }
  say({ listening: true });
}

function probe({ probe: id, from, to, protocol, port, patience }) {
  let done = false;
  const finish = (passed) => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    close();
    say({ probe: id, passed });
  };
  const timer = setTimeout(() => finish(false), patience);
  let close;
  if (protocol === 'TCP') {
    const socket = connect({ host: to, port, localAddress: from });
    close = () => socket.destroy();
    socket.on('data', () => finish(true));
    socket.on('error', () => finish(false));
  } else {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    close = () => socket.close();
    socket.on('message', () => finish(true));
    socket.on('error', () => finish(false));
    socket.bind({ address: from }, () => {
      if (!done) socket.send('ask', port, to);
    });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.listen !== undefined) await listen(order.listen);
  else probe(order);
}
process.exit(0);
