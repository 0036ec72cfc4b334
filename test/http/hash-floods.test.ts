import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { attemptCounter } from '#core/limits/attempt-counters.ts';
import { type Argon2, createHasher } from '#crypto/password-hash.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import { unlockUser } from '#flows/administration/person-acts.ts';
import { openWorld, PASSWORD, type Person, QUICK_HASH, type World } from '../world.ts';
import { haveFailed, wrongCode } from './limits-story.ts';
import { refusalOn, skip, startEnrollment } from './story.ts';
import { enter } from './team-story.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FLOOD = 40;
const FLOOD_ADDRESS = '203.0.113.66';
const ANA = 'ana@acme.example';
const NEW_PASSWORD = 'quiet harbor seven lamps';
/** Of somebody who only wants to sign in, from another address. */
const BEN = { email: 'ben@globex.example', password: 'copper lagoon whistle 4', address: '198.51.100.7' };
const NO_CODE = '0000-0000-0000-0000';

/** A service with one core, whose hashes begin when the test opens the gate. */
async function openGated(t: TestContext) {
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

type Status = { readonly status: number };
type Stage = { readonly world: World; readonly partnerId: string };
type Place = {
  readonly what: string;
  /** Hashes that forty requests at once may cost, whatever they are answered. */
  readonly passwords: number;
  readonly codes: number;
  /** One request of the flood; the same key sends them all. */
  readonly begin: (stage: Stage) => Promise<(index: number) => Promise<Status>>;
};

/** A form that is on the screen already, sent as it is. */
async function form(person: Person, path: string, fields: Record<string, string> = {}, page = path) {
  const { text } = await person.get(page);
  const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  assert.notEqual(token, '', `${page} has a form`);
  const body = new URLSearchParams({ form_token: token, ...fields }).toString();
  const headers = { origin: 'https://sign-in.example.com', 'content-type': 'application/x-www-form-urlencoded' };
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return () => person.send(path, { method: 'POST', body, headers: { ...headers, cookie } });
}

async function enrolledAna({ world, partnerId }: Stage) {
  const ana = await world.addUser({ email: ANA, partnerId });
  const secret = await world.addAuthenticator(ana.id);
  return { ana, secret, browser: await enter(world, ANA, secret) };
}

async function pendingToken(world: World): Promise<string> {
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
  return String(body.pendingToken);
}

async function invitationPath({ world, partnerId }: Stage): Promise<string> {
  const { id: userId } = await world.addUser({ email: ANA, partnerId, password: undefined });
  const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, { purpose: 'invitation', userId }));
  return new URL(link.url).pathname;
}

async function resetPath({ world, partnerId }: Stage): Promise<string> {
  await world.addUser({ email: ANA, partnerId });
  await world.person().post('/forgot-password', { email: ANA });
  return new URL((await world.mail())[0]?.link ?? '').pathname;
}

async function firstPath({ world }: Stage): Promise<string> {
  return new URL((await renewFirstAdministratorLink(world.env))?.url ?? '').pathname;
}

const PLACES: readonly Place[] = [
  {
    what: 'an invitation with an empty name',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) =>
      form(stage.world.person(FLOOD_ADDRESS), await invitationPath(stage), { name: '', password: NEW_PASSWORD }),
  },
  {
    what: 'an invitation',
    ...{ passwords: 1, codes: 0 },
    begin: async (stage) =>
      form(stage.world.person(FLOOD_ADDRESS), await invitationPath(stage), { name: 'Ana', password: NEW_PASSWORD }),
  },
  {
    what: 'the link of the first administrator with a wrong email',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) =>
      form(stage.world.person(FLOOD_ADDRESS), await firstPath(stage), {
        email: 'x',
        name: 'Rita',
        password: NEW_PASSWORD,
      }),
  },
  {
    what: 'the link of the first administrator',
    ...{ passwords: 1, codes: 0 },
    begin: async (stage) => {
      const fields = { email: 'rita@portal.example', name: 'Rita', password: NEW_PASSWORD };
      return form(stage.world.person(FLOOD_ADDRESS), await firstPath(stage), fields);
    },
  },
  {
    what: 'a link to set a password, with one that is too short',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) => form(stage.world.person(FLOOD_ADDRESS), await resetPath(stage), { password: 'short' }),
  },
  {
    what: 'a link to set a password',
    ...{ passwords: 1, codes: 0 },
    begin: async (stage) => form(stage.world.person(FLOOD_ADDRESS), await resetPath(stage), { password: NEW_PASSWORD }),
  },
  {
    what: 'the way back to an old email',
    ...{ passwords: 0, codes: 0 },
    async begin(stage) {
      const { browser } = await enrolledAna(stage);
      await browser.post('/security/email', { email: 'new@acme.example', current: PASSWORD });
      const linkOf = async (kind: string) =>
        new URL((await stage.world.mail()).find((mail) => mail.kind === kind)?.link ?? '').pathname;
      await browser.post(await linkOf('email_confirm'));
      return form(stage.world.person(FLOOD_ADDRESS), await linkOf('email_changed'));
    },
  },
  {
    what: 'new recovery codes',
    ...{ passwords: 0, codes: 100 },
    begin: async (stage) => form((await enrolledAna(stage)).browser, '/security/recovery-codes'),
  },
  {
    what: 'a change of password with a new one that is too short',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) =>
      form((await enrolledAna(stage)).browser, '/security/password', { current: PASSWORD, new: 'short' }),
  },
  {
    what: 'a change of password with a wrong current one',
    ...{ passwords: 10, codes: 0 },
    begin: async (stage) =>
      form((await enrolledAna(stage)).browser, '/security/password', { current: 'wrong', new: NEW_PASSWORD }),
  },
  {
    what: 'a change of email with the right password',
    ...{ passwords: FLOOD, codes: 0 },
    begin: async (stage) =>
      form((await enrolledAna(stage)).browser, '/security/email', { email: 'new@acme.example', current: PASSWORD }),
  },
  {
    what: 'a step-up by a wrong password',
    ...{ passwords: 10, codes: 0 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const browser = world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      await skip(browser);
      world.clock.at += 10 * 60;
      return form(browser, '/step-up', { password: 'wrong' });
    },
  },
  {
    what: 'a step-up by a wrong recovery code',
    ...{ passwords: 0, codes: 10 },
    async begin(stage) {
      const { browser } = await enrolledAna(stage);
      stage.world.clock.at += 10 * 60;
      return form(browser, '/step-up/recovery-code', { code: NO_CODE });
    },
  },
  {
    what: 'wrong passwords for whatever emails, on the page',
    ...{ passwords: 20, codes: 0 },
    async begin({ world }) {
      const sends: (() => Promise<Status>)[] = [];
      for (let index = 0; index < FLOOD; index++) {
        const fields = { email: `guess${index}@acme.example`, password: 'wrong' };
        sends.push(await form(world.person(FLOOD_ADDRESS), '/sign-in', fields));
      }
      return (index) => sends[index]?.() ?? Promise.reject(new Error('no such form'));
    },
  },
  {
    what: 'wrong passwords for whatever emails, over the API',
    ...{ passwords: 20, codes: 0 },
    begin:
      async ({ world }) =>
      (index) => {
        const body = { email: `guess${index}@acme.example`, password: 'wrong' };
        return world.api('POST', '/api/v1/sign-in', body, undefined, FLOOD_ADDRESS);
      },
  },
  {
    what: 'wrong recovery codes at sign-in',
    ...{ passwords: 0, codes: 5 },
    async begin(stage) {
      await enrolledAna(stage);
      const browser = stage.world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      return form(browser, '/sign-in/recovery-code', { code: NO_CODE });
    },
  },
  {
    what: 'wrong recovery codes over the API',
    ...{ passwords: 0, codes: 5 },
    async begin(stage) {
      await enrolledAna(stage);
      const token = await pendingToken(stage.world);
      return () => stage.world.api('POST', '/api/v1/sign-in/recovery-code', { code: NO_CODE }, token, FLOOD_ADDRESS);
    },
  },
  {
    what: 'the confirmation of a set-up',
    ...{ passwords: 0, codes: 10 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const browser = world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      const code = world.totp(await startEnrollment(browser));
      return form(browser, '/enroll/authenticator', { code });
    },
  },
  {
    what: 'the confirmation of a set-up over the API',
    ...{ passwords: 0, codes: 10 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const token = await pendingToken(world);
      const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const code = world.totp(String(body.secret));
      return () => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token, FLOOD_ADDRESS);
    },
  },
  {
    what: 'a wrong confirmation of a set-up',
    ...{ passwords: 0, codes: 0 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const token = await pendingToken(world);
      const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const code = wrongCode(world, String(body.secret));
      return () => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token, FLOOD_ADDRESS);
    },
  },
  {
    what: 'the first authenticator of a session',
    ...{ passwords: 0, codes: 10 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const browser = world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      await skip(browser);
      await browser.get('/step-up');
      await browser.post('/step-up', { password: PASSWORD });
      await browser.get('/security/authenticator');
      await browser.post('/security/authenticator/start');
      const { text } = await browser.get('/security/authenticator');
      const code = world.totp(/secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '');
      return form(browser, '/security/authenticator', { code });
    },
  },
];

describe('forty requests at once with one key', () => {
  for (const { what, passwords, codes, begin } of PLACES) {
    test(`${what}: the hashes are bounded, and somebody else signs in`, async (t) => {
      const { world, partnerId, state } = await openGated(t);
      const send = await begin({ world, partnerId });
      const open = Promise.withResolvers<void>();
      state.gate = open.promise;
      Object.assign(state, { passwords: [], codes: 0 });
      const flood = Array.from({ length: FLOOD }, (_, index) => send(index));
      // All of them have come as far as they come while nothing is hashed.
      await pause(150);
      const { address, ...ben } = BEN;
      const signIn = world.api('POST', '/api/v1/sign-in', ben, undefined, address);
      await pause(50);
      open.resolve();
      assert.equal((await signIn).status, 200);
      const before = state.passwords.indexOf(BEN.password);
      assert.ok(before <= 3, `${before} passwords of the flood came first`);
      const answers = await Promise.all(flood);
      assert.ok(answers.every(({ status }) => status < 500 || status === 503));
      const hashed = state.passwords.filter((password) => password !== BEN.password).length;
      assert.ok(hashed <= passwords, `${hashed} passwords were hashed`);
      assert.ok(state.codes <= codes, `${state.codes} codes were hashed`);
    });
  }
});

test('recovery codes are drawn ten times in an hour for each person, until unlocked', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner({ policy: 'optional' });
  const { browser, ana } = await enrolledAna({ world, partnerId });
  const draw = async () => {
    await browser.post('/enroll/recovery-codes', { saved: 'yes' });
    return browser.post('/security/recovery-codes');
  };
  for (let draws = 1; draws <= 10; draws++) assert.equal((await draw()).location, '/enroll/recovery-codes');
  const refused = await draw();
  assert.equal(refused.status, 429);
  assert.match(refusalOn(refused.text), /^Too many tries .* You can try again in \d+ minutes\.$/);
  await unlockUser(world.env, { email: ana.email, actor: 'command_line', reason: 'prints them once more' });
  assert.equal((await draw()).location, '/enroll/recovery-codes');
});

test('passwords sent with one link are hashed ten times in an hour', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const path = await invitationPath({ world, partnerId });
  const link = await world.env.db.read.selectFrom('links').select('id').executeTakeFirstOrThrow();
  await haveFailed(world, attemptCounter('link', link.id), 10, 1);
  const browser = world.person();
  const send = () => browser.post(path, { name: 'Ana', password: NEW_PASSWORD });
  const refused = await send();
  assert.equal(refused.status, 429);
  assert.match(refusalOn(refused.text), /^Too many tries .* You can try again in \d+ minutes\.$/);
  world.clock.at += Number(refused.headers.get('retry-after'));
  assert.equal((await send()).location, '/enroll');
});

test('every hash of a request is asked for as somebody, behind the checks that cost less', () => {
  const sources = globSync('src/{core,flows,features,http,mail,webhooks}/**/*.ts', { cwd: ROOT });
  const asking = sources.filter((path) => /hasher\??\.(inTurn|hash)\(/.test(readFileSync(join(ROOT, path), 'utf8')));
  assert.deepEqual(asking, ['src/flows/sign-in/hash-turn.ts']);
});
