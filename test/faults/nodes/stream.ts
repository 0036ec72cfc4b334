import { Agent, request } from 'node:http';

/** The result of one request: a status, or the error of a broken connection. */
type Outcome = { readonly status: number | string; readonly node: string | undefined };

/** Sends pages and calls without a pause over reused connections, until stopped. */
export function openStream(port: number, { callers = 6 } = {}) {
  const agent = new Agent({ keepAlive: true });
  const outcomes: Outcome[] = [];
  let isStopping = false;
  const loops = Array.from({ length: callers }, async (_, caller) => {
    for (let i = 0; !isStopping; i++) outcomes.push(await ask(agent, port, (i + caller) % 4 === 0));
  });
  return {
    count: () => outcomes.length,
    async stop() {
      isStopping = true;
      await Promise.all(loops);
      agent.destroy();
      const failed = outcomes.filter(({ status }) => typeof status === 'string' || status >= 500);
      return { outcomes, failed };
    },
  };
}

const WRONG = JSON.stringify({ email: 'nobody@acme.example', password: 'lantern otter velvet 9' });

/** A page, or a call that reads and writes the database with an unknown token. */
function ask(agent: Agent, port: number, isCall: boolean): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const call = { method: 'POST', path: '/api/v1/sign-in', headers: { 'content-type': 'application/json' } };
  const sent = request({ agent, host: '127.0.0.1', port, ...(isCall ? call : { path: '/sign-in' }) }, (answer) => {
    const { statusCode = 0, headers } = answer;
    answer.resume();
    answer.on('error', (error) => resolve({ status: error.message, node: undefined }));
    answer.on('end', () => resolve({ status: statusCode, node: headers['x-node']?.toString() }));
  });
  sent.setHeader('host', `localhost:${port}`);
  sent.on('error', (error) => resolve({ status: error.message, node: undefined }));
  sent.end(isCall ? WRONG : undefined);
  return promise;
}
