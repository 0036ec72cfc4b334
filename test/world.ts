import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import { pino } from 'pino';
import { loadConfig } from '#config.ts';
import { settingsAndBrand } from '#core/brand/brand.ts';
import type { MfaPolicy, Role } from '#core/people/policy.ts';
import { loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { passkeyVerifier } from '#crypto/passkeys.ts';
import { type Argon2, createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { createIdSource, randomBytes } from '#crypto/random.ts';
import type { Env } from '#env.ts';
import { mailBinding } from '#flows/runtime/mail.ts';
import { sealPassword } from '#flows/sign-in/passwords.ts';
import { type App, createApp } from '#http/app.ts';
import type { Database } from '#store/engine/database.ts';
import { createPartner } from '#store/partners/partners.ts';
import { createUser } from '#store/people/users.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ROUTES } from '../src/routes.ts';
import { openTestDatabase } from './databases/open.ts';
import { expectOneFormat } from './one-format.ts';

export const ORIGIN = 'https://sign-in.example.com';
/** The clock at the start: the beginning of a 30-second step. */
export const START = 1_800_000_000;
/** Valid for everyone: more than 15 characters, in no list, without a person's own words. */
export const PASSWORD = 'lantern otter velvet 9';

type Options = {
  readonly environment?: Readonly<Record<string, string>>;
  /** Real Argon2id, 20 ms each. Otherwise a fast hash in the same format. */
  readonly realHashes?: boolean;
  /** For example a busy one. */
  readonly hasher?: PasswordHasher;
  /** A file that outlives this world, and its key ring: the same service after a restart. */
  readonly database?: { readonly path?: string; readonly keyText: string };
  /** The clock of another world, because nodes of one service share the time. */
  readonly clock?: Clock;
  /** A database that the test itself opens and closes. */
  readonly db?: Database;
  /** Behind a proxy that names the client of each request. */
  readonly isBehindProxy?: boolean;
};

/** Unix seconds, set by hand. */
export type Clock = { at: number };

export type World = Awaited<ReturnType<typeof openWorld>>;
export type Person = ReturnType<World['person']>;

/** The whole service on its own database, with a manual clock, a mailbox and a recorded log. */
export async function openWorld(t: Pick<TestContext, 'after'>, options: Options = {}) {
  const { environment = {}, realHashes = false, database, isBehindProxy = false } = options;
  const proxy = isBehindProxy ? { SALLYPORT_TRUSTED_PROXIES: '1' } : {};
  const config = loadConfig({ SALLYPORT_PUBLIC_URL: ORIGIN, ...proxy, ...environment }, { root: '/nowhere' });
  assert(!('problem' in config));
  const keys = loadKeyRing(database?.keyText ?? makeKeyText(randomBytes));
  assert(!('problem' in keys));
  const db = options.db ?? (await openTestDatabase(database?.path));
  if (options.db === undefined) t.after(() => db.close());
  const clock: Clock = options.clock ?? { at: START };
  const log: string[] = [];
  const env: Env = {
    ...{ config, ...settingsAndBrand(config) },
    // The world's manual clock is also the database's.
    db: { ...db, ...(db.clockSeconds && { clockSeconds: async () => clock.at }) },
    ...{ keys, passkeys: passkeyVerifier },
    ...{ now: () => clock.at, random: randomBytes, newId: createIdSource(() => clock.at * 1000) },
    hasher: options.hasher ?? createHasher(realHashes ? {} : { argon2: QUICK_HASH }),
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    refusals: new Map(),
  };
  const bare = createApp(env, ROUTES);
  const app = isBehindProxy ? behindProxy(bare) : bare;
  return {
    env,
    app,
    clock,
    /** Every line of the log so far. */
    log,
    /** A browser without cookies, at an address. */
    person: (address = '192.0.2.7') => browserAt(app, address, config.publicUrl.origin),
    api: (method: string, path: string, body?: unknown, token?: string, address?: string) =>
      callApi(app, { method, path, body, token, address }),
    addPartner: (partner: NewPartner = {}) => addPartner(env, partner),
    addUser: (user: NewUser) => addUser(env, user),
    /** Adds an authenticator app, the first if no slot is given, and answers its secret in base32. */
    addAuthenticator: (userId: string, slot?: number) => addAuthenticator(env, userId, slot),
    /** The code of the authenticator app, from an independent implementation. */
    totp: (secret: string, stepsAhead = 0) => codeOf(secret, clock.at + stepsAhead * 30),
    mail: () => readMail(env),
    events: () => readEvents(env),
  };
}

function behindProxy(app: App): App {
  const fetch: App['fetch'] = (request, arrival) => {
    const { remoteAddress } = arrival ?? {};
    if (remoteAddress !== undefined) request.headers.set('x-forwarded-for', remoteAddress);
    return app.fetch(request, arrival);
  };
  return { ...app, fetch };
}

/** PHC strings with today's parameters, so that a sign-in does not rehash. */
export const QUICK_HASH: Argon2 = {
  hash: async (password) => {
    const tag = createHash('sha256').update(password).digest('base64').replace(/=+$/, '');
    return `$argon2id$v=19$m=19456,t=2,p=1$${'c2FsdHNhbHRzYWx0c2FsdA'}$${tag}`;
  },
  hashCode: async (code) => (await QUICK_HASH.hash(code)).replace('m=19456', 'm=1024'),
  verify: async (phc, text) => [await QUICK_HASH.hash(text), await QUICK_HASH.hashCode(text)].includes(phc),
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The target of a redirect. */
  readonly location: string | undefined;
};

export async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = await response.text();
  if (/json|csv/.test(headers.get('content-type') ?? '')) expectOneFormat(text);
  return { status, headers, text, location: headers.get('location') ?? undefined };
}

/** A person with a browser: it stores cookies, remembers the current page and sends that page's form token. */
export function browserAt(app: Pick<App, 'fetch'>, address: string, origin = ORIGIN) {
  const cookies = new Map<string, string>();
  let screen = '';

  /** One plain request without a form token. */
  async function send(path: string, init: RequestInit = {}): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { 'user-agent': 'Browser/1', ...(cookie && { cookie }), ...Object(init.headers) };
    const request = new Request(`${origin}${path}`, { ...init, headers });
    const answer = await answerOf(await app.fetch(request, { remoteAddress: address }));
    const changed = keepCookies(cookies, answer.headers);
    // A page's forms are useless after the sign-in that they were bound to has changed.
    if (changed.some((name) => /session|pending/.test(name))) screen = '';
    if (answer.headers.get('content-type')?.startsWith('text/html')) screen = answer.text;
    // A successful form leaves its page. Sent again from there it would be the same form.
    else if (init.method === 'POST' && answer.status === 303) screen = '';
    return answer;
  }

  /** Sends the fields with the form token of the current page. Any other page is loaded first. */
  async function post(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    if (!screen.includes(`action="${path}"`)) await send(path);
    // Redirected away, but still sent, as from a tab that was open before.
    if (screen === '') await send('/help');
    const token = /name="form_token" value="([^"]+)"/.exec(screen)?.[1] ?? '';
    // Every form of a sign-in contains the portal's request.
    const resume = /name="resume" value="([^"]+)"/.exec(screen)?.[1];
    const body = new URLSearchParams({ form_token: token, ...(resume !== undefined && { resume }), ...fields });
    return send(path, { method: 'POST', body, headers: { origin } });
  }

  const get = (path: string) => send(path);

  /** Sends a form like a browser. After a success the answer is the target page. */
  async function submit(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { location, ...answer } = await post(path, fields);
    return answer.status === 303 ? get(location ?? '') : { ...answer, location };
  }

  const signIn = (email: string, password = PASSWORD) => post('/sign-in', { email, password });

  /** From the prompt after the password to Done. Answers the secret. This uses up the code of `now`. */
  async function enroll(now: number): Promise<string> {
    await get('/enroll');
    await post('/enroll');
    const { text } = await get('/enroll/authenticator');
    const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1];
    assert(secret, 'the set-up page shows a secret');
    assert.equal((await post('/enroll/authenticator', { code: codeOf(secret, now) })).status, 303);
    assert.equal((await post('/enroll/recovery-codes', { saved: 'yes' })).status, 303);
    return secret;
  }

  return { cookies, send, get, post, submit, signIn, enroll };
}

/** Answers the names that were set or deleted. */
function keepCookies(cookies: Map<string, string>, headers: Headers): string[] {
  return headers.getSetCookie().map((line) => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
    return name;
  });
}

export type ApiAnswer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

type Call = {
  method: string;
  path: string;
  body?: unknown;
  token?: string | undefined;
  address?: string | undefined;
};

export async function callApi(
  app: Pick<App, 'fetch'>,
  { method, path, body, token, address = '192.0.2.9' }: Call,
): Promise<ApiAnswer> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  const sent = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const request = new Request(`${ORIGIN}${path}`, sent);
  const { text, ...answer } = await answerOf(await app.fetch(request, { remoteAddress: address }));
  return { ...answer, body: text === '' ? {} : JSON.parse(text) };
}

type NewPartner = { name?: string; slug?: string; policy?: MfaPolicy; requiredFrom?: number };

export async function addPartner(env: Env, partner: NewPartner): Promise<{ id: string }> {
  const { name = 'Acme Telecom', slug = 'acme', policy = 'required', requiredFrom } = partner;
  const id = env.newId();
  const mfa = { mfa_policy: policy, mfa_required_from: requiredFrom ?? null };
  await env.db.transaction((tx) => createPartner(tx, { id, name, slug, ...mfa, created_at: env.now() }));
  return { id };
}

type NewUser = {
  email: string;
  /** Absent for staff. */
  partnerId?: string | undefined;
  role?: Role;
  name?: string;
  /** `undefined` for an invited person without a password. */
  password?: string | undefined;
};

export async function addUser(env: Env, user: NewUser): Promise<{ id: string; email: string }> {
  const { email, partnerId = null, role = 'member', name = 'Ana Silva' } = user;
  const password = 'password' in user ? user.password : PASSWORD;
  const id = env.newId();
  const phc = password === undefined ? undefined : await env.hasher.hash(password);
  const sealed = typeof phc === 'string' ? sealPassword(env, id, phc) : null;
  const row = { id, email, partner_id: partnerId, role, name, sealed_password: sealed, created_at: env.now() };
  await env.db.transaction((tx) => createUser(tx, { ...row, locale: null, disabled_at: null, mfa_skipped_at: null }));
  return { id, email };
}

export async function addAuthenticator(env: Env, userId: string, slot = 1): Promise<string> {
  const secret = new Secret({ size: 20 });
  const id = env.newId();
  const binding = { table: 'authenticators', rowId: id, userId };
  const sealed_secret = env.keys.seal('totp', binding, new Uint8Array(secret.buffer));
  const used = { last_used_step: -1, created_at: env.now(), last_used_at: null, last_refusal: null };
  await env.db.transaction((tx) =>
    tx
      .insertInto('authenticators')
      .values({ id, user_id: userId, slot, sealed_secret, ...used })
      .execute(),
  );
  return secret.base32;
}

export function codeOf(secret: string, at: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at * 1000 });
}

/** The outbox, newest first, with decrypted parameters. */
async function readMail(env: Env) {
  const rows = await listMail(env.db.read, 1000);
  return rows.map(({ id, kind, recipient, locale, sealed_parameters }) => {
    const parameters = JSON.parse(env.keys.open('mail', mailBinding({ id, recipient }), sealed_parameters).toString());
    return { kind, to: recipient, locale, link: String(parameters.link ?? ''), parameters };
  });
}

/** The audit log in the order of writing. */
export async function readEvents(env: Env) {
  const rows = await env.db.read.selectFrom('audit_events').selectAll().orderBy('id').execute();
  return rows.map(({ action, actor, subject, detail }) => ({ action, actor, subject, detail: JSON.parse(detail) }));
}
