import { createServer } from 'node:http';
import { type Listening, listenOn } from '#http/server/listen.ts';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** Serves only `GET /metrics`, on a separate port that people do not reach. */
export async function serveMetrics(
  place: { readonly host: string; readonly port: number },
  render: () => Promise<string>,
): Promise<Listening> {
  const server = createServer(async ({ method, url }, answer) => {
    if (url !== '/metrics') return answer.writeHead(404).end();
    if (method !== 'GET') return answer.writeHead(405, { allow: 'GET' }).end();
    try {
      const text = await render();
      return answer.writeHead(200, { 'content-type': TEXT, 'cache-control': 'no-store' }).end(text);
    } catch {
      return answer.writeHead(503).end();
    }
  });
  return listenOn(server, { ...place, setting: 'SALLYPORT_METRICS_PORT' });
}
