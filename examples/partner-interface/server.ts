import { serve } from '@hono/node-server';
import { createPortal } from './portal.ts';

const { PORT = '4000', OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = process.env;
const { PORTAL_URL: url = `http://localhost:${PORT}`, OIDC_ISSUER: issuer = 'http://localhost:3000' } = process.env;
if (!clientId || !clientSecret)
  throw new Error('OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are missing: README.md says where they come from');

const { fetch } = createPortal({ url, issuer, clientId, clientSecret });
serve({ fetch, hostname: '127.0.0.1', port: Number(PORT) }, () => console.log(`The portal is at ${url}`));
