import assert from 'node:assert/strict';
import { encodeBase32 } from '#core/authenticators/totp.ts';
import { createEnrollment } from '#store/authenticators/enrollments.ts';
import type { Person, World } from '../../world.ts';
import type { Sender } from '../acting.ts';

/** A person of a partner with an optional policy. */
export async function ana(world: World, role: 'member' | 'manager' = 'member') {
  const partner = await world.addPartner({ slug: 'acme', policy: 'optional' });
  const user = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id, role });
  return { partner, user };
}

/** Signed in with both factors. */
export async function signedIn(world: World, role: 'member' | 'manager' = 'member') {
  const { partner, user } = await ana(world, role);
  const secret = await world.addAuthenticator(user.id);
  const browser = world.person();
  await browser.signIn(user.email);
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  world.clock.at += 30;
  return { partner, user, secret, browser };
}

export async function secretOf(browser: Person, path: string): Promise<string> {
  return /secret=([A-Z2-7]{32})/.exec((await browser.get(path)).text)?.[1] ?? '';
}

/** Somebody who has just signed in, and the page of their app. */
async function withApp(world: World) {
  const { browser, user } = await signedIn(world);
  const rows = world.env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', user.id);
  const { id } = await rows.executeTakeFirstOrThrow();
  return { browser, user, page: `/security/authenticators/${id}` };
}

/** The forms about several authenticator apps. */
export const APP_FORMS = {
  '/security/authenticators/add/start': async (world: World) => ({
    ...(await signedIn(world)),
    ...{ action: '/security/authenticators/add/start', from: '/security/authenticators/add' },
    fields: { name: 'Work phone' },
  }),
  '/security/authenticators/add': async (world: World) => {
    const { browser } = await signedIn(world);
    await browser.get('/security/authenticators/add');
    await browser.post('/security/authenticators/add/start');
    const code = world.totp(await secretOf(browser, '/security/authenticators/add'));
    return { browser, action: '/security/authenticators/add', fields: { code } };
  },
  '/security/authenticators/:authenticator': async (world: World) => {
    const { browser, page } = await withApp(world);
    return { browser, action: page, fields: { name: 'Private phone' } };
  },
  '/security/authenticators/:authenticator/remove': async (world: World) => {
    const { browser, user, page } = await withApp(world);
    await world.addAuthenticator(user.id, 2);
    return { browser, action: `${page}/remove`, from: page };
  },
};

/** Requests about several authenticator apps. The sender has one. */
export const APP_ACTS = {
  'POST /security/authenticators/add/start': () => ({ fields: { name: 'Work phone' } }),
  'POST /security/authenticators/add': openSecret,
  'POST /security/authenticators/:authenticator': async (world: World, { userId }: Sender) => ({
    ...(await ownApp(world, userId)),
    fields: { name: 'Private phone' },
  }),
  'POST /security/authenticators/:authenticator/remove': async (world: World, { userId }: Sender) => {
    await world.addAuthenticator(userId, 2);
    return ownApp(world, userId);
  },
  'POST /api/v1/authenticators': () => ({ fields: { kind: 'totp', name: 'Work phone' } }),
  'POST /api/v1/authenticators/:authenticator/confirm': openSecret,
  'PATCH /api/v1/authenticators/:authenticator': async (world: World, { userId }: Sender) => ({
    ...(await ownApp(world, userId)),
    fields: { name: 'Private phone' },
  }),
  'DELETE /api/v1/authenticators/:authenticator': async (world: World, { userId }: Sender) => {
    await world.addAuthenticator(userId, 2);
    return ownApp(world, userId);
  },
};

async function ownApp({ env }: World, userId: string) {
  const rows = env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', userId).orderBy('id');
  return { params: { authenticator: (await rows.executeTakeFirstOrThrow()).id } };
}

export async function openSecret(world: World, { userId, rowId }: Sender) {
  const { env, clock } = world;
  const [id, secret] = [env.newId(), env.random(20)];
  const sealed_secret = env.keys.seal('totp', { table: 'enrollments', rowId: id, userId }, secret);
  await env.db.transaction((tx) =>
    createEnrollment(tx, {
      ...{ id, user_id: userId, owner_id: rowId, sealed_secret, created_at: clock.at, expires_at: clock.at + 600 },
      ...{ tries: 0, confirming_until: null, last_refusal: null },
    }),
  );
  return { params: { authenticator: id }, fields: { code: world.totp(encodeBase32(secret)) } };
}

/** Signed in, here and in another browser. */
async function signedInTwice(world: World) {
  const { browser, user, secret } = await signedIn(world);
  const other = world.person();
  await other.signIn(user.email);
  await other.post('/sign-in/one-time-code', { code: world.totp(secret) });
  return { browser };
}

const SESSIONS = '/security/sessions';

/** The forms about the person's own sessions. */
export const SESSION_FORMS = {
  [`${SESSIONS}/end`]: async (world: World) => {
    const { browser } = await signedInTwice(world);
    const rows = world.env.db.read.selectFrom('sessions').select('id').orderBy('id', 'desc');
    const { id } = await rows.executeTakeFirstOrThrow();
    return { browser, action: `${SESSIONS}/end`, fields: { id }, from: SESSIONS };
  },
  [`${SESSIONS}/end-others`]: async (world: World) => {
    const { browser } = await signedInTwice(world);
    return { browser, action: `${SESSIONS}/end-others`, from: SESSIONS };
  },
};

const TRUSTED = '/security/trusted-devices';

/** A trusted device of a person, in another browser. */
export async function addTrusted({ env, clock }: World, userId: string): Promise<string> {
  const id = env.newId();
  const life = { created_at: clock.at, last_used_at: clock.at, expires_at: clock.at + 3600 };
  const secret = { secret_hash: id, previous_secret_hash: null, authenticators: 'x', address: null, user_agent: null };
  const row = { id, user_id: userId, ...secret, ...life };
  await env.db.transaction((tx) => tx.insertInto('trusted_devices').values(row).execute());
  return id;
}

async function withTrusted(world: World) {
  const { browser, user } = await signedIn(world);
  // The page offers to end all of them where there are several.
  const [id] = [await addTrusted(world, user.id), await addTrusted(world, user.id)];
  return { browser, from: TRUSTED, id };
}

/** The forms about trusted devices. */
export const TRUST_FORMS = {
  [`${TRUSTED}/end`]: async (world: World) => {
    const { browser, from, id } = await withTrusted(world);
    return { browser, from, action: `${TRUSTED}/end`, fields: { id } };
  },
  [`${TRUSTED}/end-all`]: async (world: World) => {
    const { browser, from } = await withTrusted(world);
    return { browser, from, action: `${TRUSTED}/end-all` };
  },
};

/** Requests about trusted devices. */
export const TRUST_ACTS = {
  [`POST ${TRUSTED}/end`]: async (world: World, { userId }: Sender) => ({
    fields: { id: await addTrusted(world, userId) },
  }),
  [`POST ${TRUSTED}/end-all`]: async (world: World, { userId }: Sender) => {
    await addTrusted(world, userId);
    return {};
  },
};
