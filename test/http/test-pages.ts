import assert from 'node:assert/strict';
import { z } from 'zod';
import { seeOther, show } from '#http/pages/reply.ts';
import { type PageCall, page } from '#http/route.ts';
import { StorageUnavailable } from '#store/engine/database.ts';
import { addPending, addSession, NOW, openServer, setCookies } from './server.ts';

/** The arguments of the `/note` handler. */
export const seen: { input: unknown; query: string; deviceToken: string | undefined }[] = [];

function draw({ view }: { view: PageCall<'public'>['view'] }) {
  const { formToken, staleForm, restoredEmail, signedIn, locale } = view;
  return show(JSON.stringify({ formToken, staleForm, restoredEmail, signedIn, locale }));
}

const note = page({
  method: 'POST',
  path: '/note',
  guard: 'public',
  form: z.object({ email: z.string().max(20).optional(), code: z.string().optional() }),
  handle: ({ input, query, client }) => {
    seen.push({ input, query: query.toString(), deviceToken: client.deviceToken });
    return seeOther('/done', [{ cookie: 'session', value: 'v', maxAgeSeconds: 9 }, { cookie: 'pending' }]);
  },
});

export const PAGES = [
  page({ method: 'GET', path: '/note', guard: 'public', handle: draw }),
  note,
  page({ method: 'POST', path: '/lonely', guard: 'public', handle: () => seeOther('/done') }),
  page({ method: 'GET', path: '/second', guard: 'pendingSignIn', handle: draw }),
  page({ method: 'POST', path: '/second', guard: 'pendingSignIn', handle: () => seeOther('/done') }),
  page({ method: 'GET', path: '/mine', guard: 'session', handle: draw }),
  page({ method: 'POST', path: '/mine', guard: 'session', handle: () => seeOther('/done') }),
  page({ method: 'POST', path: '/sign-out', guard: 'session', handle: () => seeOther('/out') }),
  page({ method: 'GET', path: '/enroll/recovery-codes', guard: 'session', handle: draw }),
  page({ method: 'GET', path: '/grave', guard: 'steppedUp', handle: draw }),
  page({ method: 'POST', path: '/grave', guard: 'steppedUp', handle: () => seeOther('/done') }),
  page({
    method: 'GET',
    path: '/invitation/:token',
    guard: 'public',
    handle: ({ params }) => show(String(params.token)),
  }),
  page({
    method: 'GET',
    path: '/broken',
    guard: 'public',
    handle: () => {
      throw new Error('SELECT secret FROM /etc/shadow');
    },
  }),
  page({
    method: 'GET',
    path: '/away',
    guard: 'public',
    handle: () => {
      throw new StorageUnavailable('disk');
    },
  }),
];

/** The pages above, and every kind of credential. */
export async function openPages() {
  const server = await openServer(PAGES);
  await addSession(server.db, 'live');
  await addSession(server.db, 'other');
  await addSession(server.db, 'stepped', { step_up_at: NOW - 10, step_up_method: 'totp' });
  await addSession(server.db, 'idle', { last_seen_at: NOW - 3600 });
  await addSession(server.db, 'ended', { expires_at: NOW });
  await addSession(server.db, 'api', { channel: 'api' });
  await addPending(server.db, 'live');
  await addPending(server.db, 'over', { expires_at: NOW });
  await addPending(server.db, 'done', { completed_at: NOW, completed_to: '/finished' });
  /** The form cookie and form token of a page, as a browser stores them. */
  const open = async (path: string, cookies: Record<string, string> = {}) => {
    const response = await server.get(path, cookies);
    assert.equal(response.status, 200);
    const form = setCookies(response)[server.names.form] ?? '';
    const body = await drawn(response);
    return { cookies: { ...cookies, form }, token: body.formToken, body, response };
  };
  return { ...server, open };
}

type Drawn = Pick<PageCall<'public'>['view'], 'formToken' | 'staleForm' | 'restoredEmail' | 'signedIn' | 'locale'>;

/** What `draw` showed. */
export async function drawn(response: Response): Promise<Drawn> {
  return JSON.parse(await response.text());
}
