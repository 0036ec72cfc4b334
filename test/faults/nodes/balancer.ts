import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

const CHECK_EVERY_MS = 100;

type Node = { readonly port: number; isReady: boolean };

/**
 * A round-robin balancer like those in production: it checks each node's `/readyz`, reuses connections and never
 * retries, so a failure behind it is a failure for the person.
 */
export async function openBalancer(t: { after(done: () => void): void }, port: number, ports: readonly number[]) {
  const agent = new Agent({ keepAlive: true });
  const nodes: Node[] = ports.map((each) => ({ port: each, isReady: false }));
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const ready = nodes.filter(({ isReady }) => isReady);
    turn += 1;
    const node = ready[turn % ready.length];
    if (node === undefined) outgoing.writeHead(502).end();
    else forward(agent, node, incoming, outgoing);
  });
  const checks = setInterval(() => {
    for (const node of nodes) void isReady(node.port).then((is) => (node.isReady = is));
  }, CHECK_EVERY_MS);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    clearInterval(checks);
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { isReady: (nodePort: number) => nodes.some((node) => node.port === nodePort && node.isReady) };
}

async function isReady(port: number): Promise<boolean> {
  try {
    const { status } = await fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: 'close' } });
    return status === 200;
  } catch {
    return false;
  }
}

function forward(agent: Agent, { port }: Node, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming;
  const onward = request({ agent, host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    const { connection, 'keep-alive': _, ...kept } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, { ...kept, 'x-node': port });
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.headersSent || outgoing.writeHead(502).end());
  incoming.pipe(onward);
}
