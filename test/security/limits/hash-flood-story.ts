import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Argon2, createHasher } from '#crypto/password-hash.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import { enter } from '../../stories/team/team-story.ts';
import { openWorld, PASSWORD, type Person, QUICK_HASH, type World } from '../../world.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const FLOOD = 40;
export const FLOOD_ADDRESS = '203.0.113.66';
export const ANA = 'ana@acme.example';
export const NEW_PASSWORD = 'quiet harbor seven lamps';
/** A person who only wants to sign in, from another address. */
export const BEN = { email: 'ben@globex.example', password: 'copper lagoon whistle 4', address: '198.51.100.7' };
export const NO_CODE = '0000-0000-0000-0000';

/** A service with one core. Its hashes begin when the test opens the gate. */
export async function openGated(t: TestContext) {
  const state = { gate: Promise.resolve(), passwords: [] as string[], codes: 0 };
  const password = async <T>(text: string, work: () => Promise<T>): Promise<T> => {
    state.passwords.push(text);
    await state.gate;
    return work();
  };
  const code = async <T>(work: () => Promise<T>): Promise<T> => {
    state.codes += 1;
    await state.gate;
    return work();
  };
  const argon2: Argon2 = {
    hash: (text) => password(text, () => QUICK_HASH.hash(text)),
    hashCode: (text) => code(() => QUICK_HASH.hashCode(text)),
    verify: (phc, text) =>
      phc.includes('$m=1024,')
        ? code(() => QUICK_HASH.verify(phc, text))
        : password(text, () => QUICK_HASH.verify(phc, text)),
  };
  const hasher = createHasher({ argon2, concurrency: 1, jobsPerHash: 1 });
  const world = await openWorld(t, { hasher });
  const { id: partnerId } = await world.addPartner({ policy: 'optional' });
  await world.addUser({ email: BEN.email, password: BEN.password, partnerId });
  return { world, partnerId, state };
}

export type Status = { readonly status: number };
type Stage = { readonly world: World; readonly partnerId: string };
export type Place = {
  readonly what: string;
  /** The hashes that forty simultaneous requests may cost, whatever the answers. */
  readonly passwords: number;
  readonly codes: number;
  /** One request of the flood. All are sent with the same key. */
  readonly begin: (stage: Stage) => Promise<(index: number) => Promise<Status>>;
};

/** Sends a form that is already on the screen. */
export async function form(person: Person, path: string, fields: Record<string, string> = {}, page = path) {
  const { text } = await person.get(page);
  const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  assert.notEqual(token, '', `${page} has a form`);
  const body = new URLSearchParams({ form_token: token, ...fields }).toString();
  const headers = { origin: 'https://sign-in.example.com', 'content-type': 'application/x-www-form-urlencoded' };
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return () => person.send(path, { method: 'POST', body, headers: { ...headers, cookie } });
}

export async function enrolledAna({ world, partnerId }: Stage) {
  const ana = await world.addUser({ email: ANA, partnerId });
  const secret = await world.addAuthenticator(ana.id);
  return { ana, secret, browser: await enter(world, ANA, secret) };
}

export async function pendingToken(world: World): Promise<string> {
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
  return String(body.pendingToken);
}

export async function invitationPath({ world, partnerId }: Stage): Promise<string> {
  const { id: userId } = await world.addUser({ email: ANA, partnerId, password: undefined });
  const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, { purpose: 'invitation', userId }));
  return new URL(link.url).pathname;
}

export async function resetPath({ world, partnerId }: Stage): Promise<string> {
  await world.addUser({ email: ANA, partnerId });
  await world.person().post('/forgot-password', { email: ANA });
  return new URL((await world.mail())[0]?.link ?? '').pathname;
}

export async function firstPath({ world }: Stage): Promise<string> {
  return new URL((await renewFirstAdministratorLink(world.env))?.url ?? '').pathname;
}
