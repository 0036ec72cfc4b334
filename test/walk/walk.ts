import assert from 'node:assert/strict';
import { z } from 'zod';
import { newToken } from '#core/values/token.ts';
import { changeSetting } from '#flows/instance/change.ts';
import { routeTable } from '#http/app.ts';
import { makeFormToken } from '#http/pages/form.ts';
import type { ApiRoute, Guard, PageGuard, PageRoute } from '#http/route.ts';
import { OWN_ROUTES } from '../own-routes.ts';
import { png } from '../pictures.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';
import { type Access, type Credential, FINISHED, type Held, hold, PORTAL } from './credentials.ts';

/** A row of the table that `sallyport routes` prints, with its declaration if a feature has one. */
export type Row = {
  readonly method: string;
  readonly path: string;
  readonly guard: Guard;
  readonly route?: PageRoute | ApiRoute;
};

export const TABLE: readonly Row[] = routeTable(OWN_ROUTES).map(({ guard, ...named }) => {
  // Without protocol routes, so the cast is safe.
  const row = { ...named, guard: guard as Guard };
  const route = OWN_ROUTES.find(({ method, path }) => method === row.method && path === row.path);
  return { ...row, ...(route && { route }) };
});

/** The walk's own world: a partner with an open policy, and another person whom no request may affect or show. */
export type Walk = {
  readonly world: World;
  readonly partnerId: string;
  readonly other: { readonly id: string; readonly email: string; readonly sessionId: string };
  /** A new person with such a credential. */
  readonly meet: (credential: Credential) => Promise<Held>;
  /** Always the same person, for requests without an effect. */
  readonly lasting: (credential: Credential) => Promise<Held & { readonly belongings: string }>;
};

export async function beginWalk(t: { after(work: () => unknown): void }): Promise<Walk> {
  const world = await openWorld(t);
  const logo = { name: 'logo-light', value: undefined, file: png() };
  assert.equal(await changeSetting(world.env, 'command_line', logo), true);
  const { id: partnerId } = await world.addPartner({ slug: 'walk', policy: 'optional' });
  const meet = (credential: Credential) => hold(world, partnerId, credential);
  const known = new Map<Credential, Promise<Held & { belongings: string }>>();
  const walk: Walk = {
    ...{ world, partnerId, meet, other: await addOther(world) },
    lasting(credential) {
      const found = known.get(credential) ?? meet(credential).then(withBelongings);
      known.set(credential, found);
      return found;
    },
  };
  const withBelongings = async (held: Held) => ({ ...held, belongings: await belongings(walk, held.userId) });
  return walk;
}

async function addOther(world: World): Promise<Walk['other']> {
  const { id: partnerId } = await world.addPartner({ slug: 'other', name: 'Other Company' });
  const row = { kind: 'session', channel: 'page' } as const;
  const name = { email: 'hidden@other.example', name: 'Hidden Person' };
  const { userId: id, rowId: sessionId } = await hold(world, partnerId, { name: '', row, carry: () => ({}) }, name);
  return { id, email: name.email, sessionId };
}

const PENDING_COOKIE = '__Host-sallyport-pending';

/** A person's access, and the cookies of their browser. */
type Bringing = { readonly access: Access; readonly cookies: Readonly<Record<string, string>> };

/** A guard's answer. Only the guard and the access determine it. */
export type Verdict = 'in' | { readonly status: number; readonly location?: string };

export function pageVerdict(guard: PageGuard, { access, cookies }: Bringing, method: string, target: string): Verdict {
  if (guard === 'public') return 'in';
  if (guard === 'pendingSignIn') return pendingVerdict(access, method === 'POST' && !(PENDING_COOKIE in cookies));
  // The people of the walk are members, and the role is checked before a proof.
  if (isRoleGuard(guard) && (access === 'session' || access === 'stepped_up')) return { status: 403 };
  if (access === 'stepped_up' || (access === 'session' && guard === 'session')) return 'in';
  if (access === 'session') return method === 'POST' ? { status: 403 } : { status: 303, location: '/step-up' };
  if (method === 'POST') return { status: 401 };
  return { status: 303, location: `/sign-in?return_to=${encodeURIComponent(target)}` };
}

/** Whether a member can never pass it. */
export function isRoleGuard(guard: Guard): boolean {
  return /^(manager|staff)/.test(guard);
}

function pendingVerdict(access: Access, isLost: boolean): Verdict {
  switch (access) {
    case 'pending':
      return 'in';
    case 'pending_completed':
      return { status: 303, location: FINISHED };
    case 'pending_expired':
      return { status: 303, location: '/sign-in?ended' };
    case 'nobody':
      return { status: 303, location: isLost ? '/sign-in?lost' : '/sign-in' };
    default:
      return { status: 303, location: PORTAL };
  }
}

export function apiVerdict(guard: Guard, access: Access, hasToken = true): Verdict {
  // A person's credential is never a key.
  if (guard.startsWith('apiKey:')) return { status: 401 };
  if (guard === 'public') return 'in';
  if (guard === 'pendingSignIn') return access === 'pending' ? 'in' : { status: 401 };
  // No token at all is allowed, a dead or another one is not.
  if (guard === 'maybePending') return access === 'pending' || !hasToken ? 'in' : { status: 401 };
  if (isRoleGuard(guard) && (access === 'session' || access === 'stepped_up')) return { status: 403 };
  if (access === 'stepped_up') return 'in';
  if (access === 'session') return guard === 'session' ? 'in' : { status: 403 };
  return { status: 401 };
}

export type Answered = { readonly status: number; readonly headers: Headers; readonly text: string };

/**
 * How a form arrives: as our own page sends it, with one part missing, or with the token of another browser or session.
 */
export type FormKind = 'own' | 'no origin' | 'no token' | 'another browser' | 'another session';

export async function send(walk: Walk, row: Row, held: Held, form: FormKind = 'own'): Promise<Answered> {
  const { method, route } = row;
  const { cookies = {}, headers = {}, query = '' } = held.carried;
  const formCookie = newToken(walk.world.env.random);
  const all = { ...cookies, '__Host-sallyport-form': formCookie };
  const isForm = route?.channel === 'page' && method === 'POST';
  const init: RequestInit & { headers: Record<string, string> } = {
    method,
    headers: {
      ...headers,
      cookie: Object.entries(all)
        .map(([name, value]) => `${name}=${value}`)
        .join('; '),
    },
  };
  if (isForm) {
    if (form !== 'no origin') init.headers.origin = ORIGIN;
    init.body = new URLSearchParams({ ...fieldsOf(walk, route), ...tokenField(walk, formCookie, held, form) });
  } else if (route?.channel === 'api' && !['GET', 'HEAD'].includes(method)) {
    init.headers['content-type'] = 'application/json';
    init.body = '{}';
  }
  const request = new Request(`${ORIGIN}${pathOf(row)}${query}`, init);
  const response = await walk.world.app.fetch(request, { remoteAddress: '192.0.2.7' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export function pathOf({ path }: Row): string {
  return path.replace(':token', 'A'.repeat(43)).replace(':file', 'style.css').replace(/:\w+/g, 'x');
}

/** A value for every field of the form, another person's id where an id is needed, and additional fields. */
function fieldsOf({ other }: Walk, { channel, ...route }: PageRoute | ApiRoute): Record<string, string> {
  const form = 'form' in route ? route.form : undefined;
  const names = form instanceof z.ZodObject ? Object.keys(form.shape) : [];
  const known: Record<string, string> = {
    id: other.sessionId,
    code: '000000',
    language: 'de',
    email: 'no@one.example',
  };
  return Object.fromEntries([...Object.entries(UNASKED), ...names.map((name) => [name, known[name] ?? '/x'])]);
}

const UNASKED = {
  ...{ role: 'admin', user_id: 'x', userId: 'x', partner_id: 'x', mfaRequired: 'false', mfa_policy: 'off', aal: '2' },
  ...{ amr: 'mfa', emailVerified: 'true', disabled_at: '', step_up_at: '9999999999', _method: 'DELETE' },
};

function tokenField(walk: Walk, formCookie: string, { rowId }: Held, form: FormKind): Record<string, string> {
  const { keys } = walk.world.env;
  if (form === 'no token') return {};
  const browser = form === 'another browser' ? 'x'.repeat(43) : formCookie;
  const boundTo = form === 'another session' ? walk.other.sessionId : rowId;
  return { form_token: makeFormToken(keys, browser, boundTo, newToken(walk.world.env.random)) };
}

const KEPT = [
  'sessions',
  'pending_sign_ins',
  'authenticators',
  'enrollments',
  'recovery_code_sets',
  'devices',
] as const;

/** Everything that belongs to a person, except the time of a session's last use and the target of its step-up. */
export async function belongings({ world }: Pick<Walk, 'world'>, userId: string): Promise<string> {
  const { read } = world.env.db;
  const user = await read.selectFrom('users').selectAll().where('id', '=', userId).execute();
  const kept = [];
  for (const table of KEPT) kept.push(await read.selectFrom(table).selectAll().where('user_id', '=', userId).execute());
  return JSON.stringify([user, kept], (key, value) => (key === 'last_seen_at' || key === 'step_up_to' ? 0 : value));
}

/** Rights that nobody may give themselves. */
export async function rightsOf({ world }: Walk, userId: string) {
  const user = world.env.db.read.selectFrom('users').select(['role', 'partner_id']).where('id', '=', userId);
  return user.executeTakeFirstOrThrow();
}

/** The answer contains nothing of another person, and is no server error. */
export function assertHarmless({ other }: Walk, { status, text }: Answered, what: string): void {
  assert.ok(status < 500, `${what}: ${status}`);
  for (const word of [other.id, other.email, 'Hidden Person', 'Other Company']) {
    assert.ok(!text.includes(word), `${what}: shows ${word} of somebody else`);
  }
}

/** A guard's own refusal: its error page, the redirect to sign in or step up, or a problem that only guards have. */
export function isTurnedAway({ status, headers, text }: Answered): boolean {
  const location = headers.get('location') ?? '';
  if (status === 303)
    return /^\/(?:sign-in(?:\?(?:ended|lost|return_to=.*))?|step-up)$/.test(location) && !isSignOut(headers);
  if (/"code":"(?:sign_in_expired|step_up_required|api_key_invalid)"/.test(text)) return true;
  return /class="status">40[13]</.test(text) || text.includes('This page was out of date');
}

/** Signing out also redirects to the sign-in, but deletes the cookies. */
function isSignOut(headers: Headers): boolean {
  return headers.getSetCookie().some((line) => /session=; .*Max-Age=0/.test(line));
}
