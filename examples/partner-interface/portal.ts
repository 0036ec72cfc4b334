import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import * as client from './client.ts';
import { accountPage, payoutsPage, problemPage, signedOutPage, startPage } from './pages.ts';
import { createSessions } from './sessions.ts';

const STYLE = readFileSync(new URL('portal.css', import.meta.url), 'utf8');

/** The portal as a Hono application. It does not contact the issuer before the first sign-in. */
export function createPortal(settings: client.Settings): Hono {
  const sessions = createSessions();
  const app = new Hono();
  let created: Promise<client.Client> | undefined;

  app.use(secureHeaders(headers(settings)));
  app.use(bodyLimit({ maxSize: 64 * 1024 }));
  app.use(async (c, next) => {
    // The pages show personal data, so Back must not show them after a sign-out.
    c.header('cache-control', 'no-store');
    await next();
  });

  app.get('/portal.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css', 'cache-control': 'max-age=300' }));
  app.get('/', (c) => c.html(startPage(person(c))));
  app.get('/sign-in', (c) => signIn(c, '/account'));
  app.get('/account', (c) => {
    const somebody = person(c);
    return somebody ? c.html(accountPage(somebody)) : signIn(c, '/account');
  });
  app.get('/payouts', (c) => {
    const somebody = person(c);
    return somebody && client.hasFreshMfa(somebody) ? c.html(payoutsPage(somebody)) : signIn(c, '/payouts');
  });
  app.get('/callback', async (c) => {
    const attempt = sessions.take(readId(c), c.req.query('state') ?? '');
    if (attempt === undefined) return c.html(problemPage('unknown_sign_in', person(c)), 400);
    const outcome = await client.finishSignIn(await issuer(), new URL(c.req.url).search, attempt);
    if ('problem' in outcome) return c.html(problemPage(outcome.problem, person(c)), 403);
    writeId(c, sessions.signIn(readId(c), outcome.person));
    return c.redirect(attempt.destination, 303);
  });

  app.post('/sign-out', csrf({ origin: settings.url }), async (c) => {
    const somebody = person(c);
    if (somebody === undefined) return c.redirect('/signed-out', 303);
    sessions.end((_, id) => id === readId(c));
    return c.redirect(client.signOutAddress(await issuer(), somebody), 303);
  });
  app.get('/signed-out', (c) => c.html(signedOutPage()));
  app.post('/back-channel-logout', async (c) => {
    const { logout_token: token } = await c.req.parseBody();
    const sid = await client.readLogoutToken(await issuer(), String(token)).catch(() => undefined);
    if (sid === undefined) return c.json({ error: 'invalid_request' }, 400);
    sessions.end((somebody) => somebody.sid === sid);
    return c.body(null);
  });

  app.notFound((c) => c.html(problemPage('not_found', person(c)), 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    console.error(error);
    return c.html(problemPage('no_answer', person(c)), 503);
  });
  return app;

  async function signIn(c: Context, destination: client.Destination): Promise<Response> {
    const { address, state, attempt } = await client.beginSignIn(await issuer(), destination);
    writeId(c, sessions.begin(readId(c), state, attempt));
    return c.redirect(address, 303);
  }

  /** After a failure the next request tries again. */
  function issuer(): Promise<client.Client> {
    created ??= client.createClient(settings).catch((error) => {
      created = undefined;
      throw error;
    });
    return created;
  }

  function person(c: Context): client.Person | undefined {
    return sessions.find(readId(c));
  }

  function readId(c: Context): string {
    return getCookie(c, cookieName(settings)) ?? '';
  }

  function writeId(c: Context, id: string): void {
    const secure = settings.url.startsWith('https:');
    // Lax: sent when the issuer redirects to us, but not with forms of other sites.
    setCookie(c, cookieName(settings), id, { path: '/', httpOnly: true, secure, sameSite: 'Lax' });
  }
}

/** The prefix stops other hosts of the domain from setting our cookie. Browsers require HTTPS for it. */
function cookieName({ url }: client.Settings): string {
  return url.startsWith('https:') ? '__Host-portal' : 'portal';
}

function headers({ issuer }: client.Settings) {
  return {
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      // Chromium also applies this list to the redirect after a form: "Sign out everywhere" leads to the issuer.
      formAction: ["'self'", new URL(issuer).origin],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    referrerPolicy: 'same-origin',
    // Without the other hosts of the domain, because they may not support HTTPS.
    strictTransportSecurity: 'max-age=31536000',
  };
}
