import { newToken, tokenHash } from '#core/values/token.ts';
import { setDisabled } from '#store/people/user-life.ts';
import type { Channel, SessionTable } from '#store/sessions/tables.ts';
import type { PendingSignInTable } from '#store/sign-in/tables.ts';
import type { World } from '../world.ts';

/** The access that a credential gives in one of the two channels. */
export type Access = 'nobody' | 'pending' | 'pending_expired' | 'pending_completed' | 'session' | 'stepped_up';

/** Where a request carries it. */
export type Carried = {
  readonly cookies?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
};

/** A kind of credential: the row of its token, how it is sent, and where it is valid. */
export type Credential = {
  readonly name: string;
  /** Absent: the row does not exist (any more). */
  readonly row?: SessionRow | PendingRow;
  readonly disabled?: true;
  readonly carry: (token: string) => Carried;
  /** Elsewhere it gives no access. */
  readonly worth?: { readonly [M in Channel]?: Access };
};

type SessionRow = { readonly kind: 'session'; readonly channel: Channel } & Partial<SessionTable>;
type PendingRow = { readonly kind: 'pending'; readonly channel: Channel } & Partial<PendingSignInTable>;

/** The targets of a session and of a finished pending sign-in in the walk. */
export const PORTAL = '/portal';
export const FINISHED = '/finished';

const cookie = (name: string) => (token: string) => ({ cookies: { [name]: token } });
const SESSION = cookie('__Host-sallyport-session');
const PENDING = cookie('__Host-sallyport-pending');
const header = (name: string, scheme = '') => {
  return (token: string): Carried => ({ headers: { [name]: `${scheme}${token}` } });
};
const BEARER = header('authorization', 'Bearer ');
const query = (name: string) => (token: string) => ({ query: `?${name}=${token}` });

/** Every kind that opens something, or once did. */
function ownKinds(channel: Channel, carry: Credential['carry'], now: number): readonly Credential[] {
  const session = { kind: 'session', channel } as const;
  const pending = { kind: 'pending', channel } as const;
  const of = channel === 'page' ? 'of the pages' : 'of the API';
  const over = channel === 'page' ? 'pending_expired' : 'nobody';
  const done = channel === 'page' ? 'pending_completed' : 'nobody';
  const stepped = { step_up_at: now - 299 };
  return [
    { name: `a live pending sign-in ${of}`, row: pending, carry, worth: { [channel]: 'pending' } },
    {
      name: `an expired pending sign-in ${of}`,
      row: { ...pending, expires_at: now },
      carry,
      worth: { [channel]: over },
    },
    {
      ...{ name: `a finished pending sign-in ${of}`, carry, worth: { [channel]: done } },
      row: { ...pending, completed_at: now, completed_to: FINISHED },
    },
    { name: `a pending sign-in ${of} of a disabled user`, row: pending, disabled: true, carry },
    { name: `a live session ${of}`, row: session, carry, worth: { [channel]: 'session' } },
    {
      ...{ name: `a session ${of} stepped up 299 seconds ago`, carry, worth: { [channel]: 'stepped_up' } },
      row: { ...session, ...stepped },
    },
    {
      ...{ name: `a session ${of} stepped up 300 seconds ago`, carry, worth: { [channel]: 'session' } },
      row: { ...session, step_up_at: now - 300 },
    },
    { name: `a session ${of} unused for an hour`, row: { ...session, ...stepped, last_seen_at: now - 3600 }, carry },
    { name: `a session ${of} past its end`, row: { ...session, ...stepped, expires_at: now }, carry },
    { name: `a session ${of} that was ended`, carry },
    { name: `a session ${of} of a disabled user`, row: { ...session, ...stepped }, disabled: true, carry },
  ];
}

/** Live tokens in places where they are not valid. */
function strangeKinds(now: number): readonly Credential[] {
  const stepped = { step_up_at: now - 10 };
  const page = { kind: 'session', channel: 'page', ...stepped } as const;
  const api = { kind: 'session', channel: 'api', ...stepped } as const;
  const pagePending = { kind: 'pending', channel: 'page' } as const;
  const apiPending = { kind: 'pending', channel: 'api' } as const;
  return [
    { name: 'nothing', carry: () => ({}) },
    { name: 'the value of a session cookie as bearer', row: page, carry: BEARER },
    { name: 'the token of an API session as cookie', row: api, carry: SESSION },
    { name: 'the value of a pending cookie as bearer', row: pagePending, carry: BEARER },
    { name: 'the pending token of the API as cookie', row: apiPending, carry: PENDING },
    { name: 'a pending token in the session cookie', row: pagePending, carry: SESSION },
    { name: 'a session token in the pending cookie', row: page, carry: PENDING },
    { name: 'a session in a cookie without its prefix', row: page, carry: cookie('sallyport-session') },
    { name: 'a session in the cookie of another name', row: page, carry: cookie('__Host-session') },
    { name: 'a session in the cookie of plain http', row: page, carry: cookie('sallyport-3000-session') },
    { name: 'user and password as Basic', carry: () => header('authorization', 'Basic ')(BASIC) },
    { name: 'an API token as Basic', row: api, carry: header('authorization', 'Basic ') },
    { name: 'an API token without its scheme', row: api, carry: header('authorization') },
    { name: 'bearer junk', carry: () => BEARER('x'.repeat(43)) },
    {
      ...{ name: 'two Authorization headers', row: api },
      carry: (token) => ({ headers: { authorization: `Bearer ${'x'.repeat(43)}, Bearer ${token}` } }),
    },
    { name: 'an API token in the address', row: api, carry: query('access_token') },
    { name: 'a session token in the address', row: page, carry: query('session') },
    { name: 'a session token in X-Auth-Token', row: page, carry: header('x-auth-token') },
    { name: 'an API token in X-Api-Key', row: api, carry: header('x-api-key') },
    { name: 'an API token in Proxy-Authorization', row: api, carry: header('proxy-authorization', 'Bearer ') },
    { name: 'a user name in headers of proxies', carry: () => ({ headers: CLAIMS }) },
    {
      ...{ name: 'bearer junk beside a live session cookie', row: page, worth: { page: 'stepped_up' } },
      carry: (token) => ({ ...SESSION(token), ...header('authorization', 'Bearer ')('x'.repeat(43)) }),
    },
  ];
}

const BASIC = Buffer.from('ana@acme.example:lantern otter velvet 9').toString('base64');
const CLAIMS = {
  ...{ 'x-forwarded-user': 'ana@acme.example', 'remote-user': 'ana@acme.example' },
  ...{ 'x-user-id': 'ana', 'x-role': 'admin', 'x-original-url': '/help', 'x-rewrite-url': '/help' },
};

export function credentials(now: number): readonly Credential[] {
  return [...strangeKinds(now), ...ownKinds('page', SESSION_OR_PENDING, now), ...ownKinds('api', BEARER, now)];
}

/** Both cookies hold it, but each is looked up only among its own kind. */
const SESSION_OR_PENDING = (token: string): Carried => ({
  cookies: { ...SESSION(token).cookies, ...PENDING(token).cookies },
});

export type Held = { readonly userId: string; readonly rowId: string; readonly carried: Carried };

/** A new person with this credential. */
export async function hold(
  world: World,
  partnerId: string,
  { row, disabled, carry }: Credential,
  person: { readonly email?: string; readonly name?: string } = {},
): Promise<Held> {
  const { env, clock } = world;
  const user = await world.addUser({ email: `${env.newId()}@walk.example`, partnerId, ...person });
  await world.addAuthenticator(user.id);
  const token = newToken(env.random);
  const rowId = env.newId();
  const born = { id: rowId, token_hash: tokenHash(token), user_id: user.id, created_at: clock.at };
  await env.db.transaction(async (tx) => {
    if (disabled) await setDisabled(tx, user.id, clock.at);
    if (row?.kind === 'session') {
      const { kind: _, ...more } = row;
      await tx
        .insertInto('sessions')
        .values({ ...born, ...sessionAt(clock.at), ...more })
        .execute();
    }
    if (row?.kind === 'pending') {
      const { kind: _, ...more } = row;
      await tx
        .insertInto('pending_sign_ins')
        .values({ ...born, ...pendingAt(clock.at), ...more })
        .execute();
    }
  });
  return { userId: user.id, rowId, carried: carry(token) };
}

function sessionAt(now: number) {
  return {
    ...{ last_seen_at: now, expires_at: now + 3600, amr: 'pwd otp mfa', second_factor_at: now - 1200 },
    ...{ auth_time: now, step_up_at: null, step_up_method: 'totp' as const, step_up_to: null },
    ...{ continue_to: PORTAL, notice: null, device_id: null, address: null, user_agent: null },
  };
}

function pendingAt(now: number) {
  return {
    ...{ expires_at: now + 600, tries: 0, skippable: 0, device_id: null, return_to: null },
    ...{ completed_at: null, completed_to: null },
  };
}
