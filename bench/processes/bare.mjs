// The floor of every request: the HTTP server and the router of the product with one route, and nothing behind it.
// Plain JavaScript, so that its start contains no removal of types.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const EMPTY = '{"text":""}'.length;
const answer = { text: 'x'.repeat(Number(process.env.BODY_BYTES ?? 400) - EMPTY) };

const app = new Hono();
app.get('/api/v1/session', (c) => c.json(answer));
app.get('/healthz', (c) => c.json({ status: 'ok' }));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) });
