import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expectOneFormat } from '../one-format.ts';

export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

/** A receiver on a real socket with configurable answers. */
export async function openReceiver(t: { after(work: () => unknown): void }) {
  const received: Received[] = [];
  const behaviour = { status: 204, headers: {}, body: '', hangs: false };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      if (behaviour.hangs) return;
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hangUp = () => server.closeAllConnections();
  t.after(() => {
    hangUp();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { received, behaviour, hangUp, port, url: `http://127.0.0.1:${port}/hook` };
}

const TOLERANCE_SECONDS = 5 * 60;

/**
 * The verification of Standard Webhooks, written independently from its specification: the signed content is
 * `id.timestamp.body`, the key is the base64 after `whsec_`, and one of the listed `v1` signatures must match.
 */
export function verifies(secret: string, { headers, body }: Received, now: number): boolean {
  const [id, timestamp, list] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name]);
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof list !== 'string') return false;
  expectOneFormat(body);
  if (!/^\d+$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const mac = createHmac('sha256', key);
  mac.update(id);
  mac.update('.');
  mac.update(timestamp);
  mac.update('.');
  mac.update(body);
  const expected = mac.digest();
  return list.split(' ').some((entry) => {
    const [version, signature = ''] = entry.split(',');
    const given = Buffer.from(signature, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
