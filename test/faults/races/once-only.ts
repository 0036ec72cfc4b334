import assert from 'node:assert/strict';
import { makeEmailLink, makeLink } from '#flows/administration/make-link.ts';
import { makeAccessCode } from '#flows/authenticators/access-code.ts';
import { findPerson } from '#store/people/users.ts';
import { enterStaff } from '../../stories/console/console-story.ts';
import { makeKey } from '../../stories/management-api/management-story.ts';
import type { Person } from '../../world.ts';
import type { WireAnswer, WireRequest } from './at-once.ts';
import { call, formOf, type Race, type Racer, sessionsOpened, times } from './race-world.ts';

/** A one-time token: of fifty simultaneous requests with it, one opens something. */
export type OnceOnly = {
  readonly name: string;
  /** A new token, and the fifty requests that try to use it. */
  arrange(race: Race): Promise<Attempt>;
};

type Attempt = {
  readonly requests: readonly WireRequest[];
  /** The number of answers that opened something. */
  wins(answers: readonly WireAnswer[]): number | Promise<number>;
  /** Must be true in the database afterwards. */
  afterwards?(answers: readonly WireAnswer[]): Promise<void>;
};

const FIFTY = 50;

/** To add a kind of one-time token, add an entry to this list. */
export const ONCE_ONLY: readonly OnceOnly[] = [
  {
    name: 'a one-time code over ten pending sign-ins',
    async arrange(race) {
      const racer = await race.newRacer();
      const tokens = await race.pendingTokens(racer.email, 10);
      const code = race.totp(racer.secret);
      const calls = tokens.map((token) => call('/sign-in/one-time-code', { code }, token));
      return signIn(race, racer, times(FIFTY, ...calls));
    },
  },
  {
    // Each device has its own failure streak, so all fifty codes are compared, and only the database decides.
    name: 'a one-time code in ten browsers that are known',
    async arrange(race) {
      const racer = await race.newRacer();
      const code = race.totp(racer.secret);
      const forms = await inTenBrowsers(race, racer, (browser) => formOf(browser, '/sign-in/one-time-code', { code }));
      return signIn(race, racer, times(FIFTY, ...forms));
    },
  },
  {
    name: 'a one-time code on one pending sign-in',
    async arrange(race) {
      const racer = await race.newRacer();
      const [token] = await race.pendingTokens(racer.email, 1);
      const code = race.totp(racer.secret);
      return signIn(race, racer, times(FIFTY, call('/sign-in/one-time-code', { code }, token)));
    },
  },
  {
    name: 'a pending sign-in with five proofs that are all right',
    async arrange(race) {
      const racer = await race.newRacer();
      const [one = '', other = ''] = await race.recoveryCodes(racer.id);
      const [token] = await race.pendingTokens(racer.email, 1);
      const oneTime = [-1, 0, 1].map((ahead) =>
        call('/sign-in/one-time-code', { code: race.totp(racer.secret, ahead) }, token),
      );
      const recovery = [one, other].map((code) => call('/sign-in/recovery-code', { code }, token));
      return signIn(race, racer, times(FIFTY, ...oneTime, ...recovery));
    },
  },
  {
    name: 'a recovery code over ten pending sign-ins',
    async arrange(race) {
      const racer = await race.newRacer();
      const [code = ''] = await race.recoveryCodes(racer.id);
      const tokens = await race.pendingTokens(racer.email, 10);
      const calls = tokens.map((token) => call('/sign-in/recovery-code', { code }, token));
      return signIn(race, racer, times(FIFTY, ...calls));
    },
  },
  {
    name: 'a recovery code in ten browsers that are known',
    async arrange(race) {
      const racer = await race.newRacer();
      const [code = ''] = await race.recoveryCodes(racer.id);
      const forms = await inTenBrowsers(race, racer, (browser) =>
        formOf(browser, '/sign-in/recovery-code', { code }, '/sign-in/recovery-code'),
      );
      return signIn(race, racer, times(FIFTY, ...forms));
    },
  },
  {
    name: 'the confirmation of an enrollment over the API',
    async arrange(race) {
      const user = await race.newUser();
      const [token] = await race.pendingTokens(user.email, 1);
      const { body } = await race.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const code = race.totp(String(body.secret));
      const attempt = signIn(race, user, times(FIFTY, call('/sign-in/enrollment/confirm', { code }, token)));
      return { ...attempt, afterwards: (answers) => assertEnrolledOnce(race, user.id, answers) };
    },
  },
  {
    name: 'the confirmation of an enrollment on its page',
    async arrange(race) {
      const user = await race.newUser();
      const browser = race.person();
      await browser.signIn(user.email);
      await browser.post('/enroll');
      const code = race.totp(await shownSecret(browser, '/enroll/authenticator'));
      const attempt = signIn(race, user, times(FIFTY, await formOf(browser, '/enroll/authenticator', { code })));
      return { ...attempt, afterwards: () => assertEnrolledOnce(race, user.id) };
    },
  },
  {
    name: '“Not now”',
    async arrange(race) {
      const user = await race.newUser();
      const browser = race.person();
      await browser.signIn(user.email);
      return signIn(race, user, times(FIFTY, await formOf(browser, '/enroll/skip', {}, '/enroll')));
    },
  },
  {
    name: 'a one-time code at a step-up',
    async arrange(race) {
      const racer = await race.newRacer();
      const browser = await race.signedIn(racer);
      race.clock.at += 10 * 60;
      const code = race.totp(racer.secret);
      const form = await formOf(browser, '/step-up', { code });
      return {
        requests: times(FIFTY, form),
        wins: sessionsOpened,
        async afterwards() {
          assert.equal((await race.eventsOf(racer.id, 'step_up.proven')).length, 1);
        },
      };
    },
  },
  {
    name: 'a one-time code at a step-up and at a sign-in',
    async arrange(race) {
      const racer = await race.newRacer();
      const browser = await race.signedIn(racer);
      race.clock.at += 10 * 60;
      const code = race.totp(racer.secret);
      const stepUp = await formOf(browser, '/step-up', { code });
      const tokens = await race.pendingTokens(racer.email, 5);
      const calls = tokens.map((token) => call('/sign-in/one-time-code', { code }, token));
      return { requests: times(FIFTY, ...calls.flatMap((one) => [one, stepUp])), wins: sessionsOpened };
    },
  },
  {
    name: 'the replacement of an authenticator in one session',
    async arrange(race) {
      const racer = await race.newRacer();
      return replacement(race, racer, [await startReplacing(race, await race.signedIn(racer))]);
    },
  },
  {
    name: 'the replacement of an authenticator in two sessions',
    async arrange(race) {
      const racer = await race.newRacer();
      const browsers = [await race.signedIn(racer), await race.signedIn(racer)];
      return replacement(race, racer, await Promise.all(browsers.map((browser) => startReplacing(race, browser))));
    },
  },
  {
    name: 'Done',
    async arrange(race) {
      const user = await race.newUser();
      const browser = race.person();
      await browser.signIn(user.email);
      await browser.post('/enroll');
      const code = race.totp(await shownSecret(browser, '/enroll/authenticator'));
      await browser.post('/enroll/authenticator', { code });
      const done = await formOf(browser, '/enroll/recovery-codes', { saved: 'yes' });
      return {
        requests: times(FIFTY, done),
        // The second gets the same answer, so the written events count.
        wins: async () => (await race.eventsOf(user.id, 'recovery_codes.acknowledged')).length,
        async afterwards(answers) {
          assert.ok(answers.every(({ status }) => status === 303));
          assert.notEqual((await browser.get('/enroll/recovery-codes')).status, 200);
        },
      };
    },
  },
  {
    name: 'a link to set a new password',
    async arrange(race) {
      const racer = await race.newRacer();
      const { url } = await race.env.db.transaction((tx) =>
        makeLink(race.env, tx, { purpose: 'reset', userId: racer.id }),
      );
      const { pathname } = new URL(url);
      const forms = await fiftyForms(race, pathname, (index) => ({ password: passwordOf(index) }));
      return {
        requests: forms,
        wins: (answers) => answers.filter(({ status }) => status === 303).length,
        async afterwards(answers) {
          const winner = answers.findIndex(({ status }) => status === 303);
          const fits = await race.api('POST', '/api/v1/sign-in', { email: racer.email, password: passwordOf(winner) });
          assert.equal(fits.status, 200, 'the password of the one that won');
        },
      };
    },
  },
  {
    name: 'an invitation',
    async arrange(race) {
      race.clock.at += 2 * 60 * 60;
      const email = `invited${race.clock.at}@acme.example`;
      const { id } = await race.addUser({ email, partnerId: race.partner.id, password: undefined });
      const { url } = await race.env.db.transaction((tx) =>
        makeLink(race.env, tx, { purpose: 'invitation', userId: id }),
      );
      const fields = (index: number) => ({ name: `Guest ${index}`, password: passwordOf(index) });
      return {
        requests: await fiftyForms(race, new URL(url).pathname, fields),
        wins: (answers) => answers.filter(({ status }) => status === 303).length,
        async afterwards() {
          assert.equal((await race.eventsOf(id, 'invitation.accepted')).length, 1);
        },
      };
    },
  },
  {
    name: 'a temporary access code over ten pending sign-ins',
    async arrange(race) {
      const { id, email } = await race.newUser();
      const found = await findPerson(race.env.db.read, id);
      assert(found);
      const expiresAt = race.clock.at + 60 * 60;
      const { code } = await race.env.db.transaction((tx) =>
        makeAccessCode(race.env, tx, { user: found.user, expiresAt }, 'command_line'),
      );
      const tokens = await race.pendingTokens(email, 10);
      const calls = tokens.map((token) => call('/sign-in/enrollment/access-code', { code }, token));
      return {
        requests: times(FIFTY, ...calls),
        wins: (answers) => answers.filter(({ status }) => status === 204).length,
        async afterwards() {
          assert.equal((await race.eventsOf(id, 'access_code.accepted')).length, 1);
          const starts = await race.send(tokens.map((token) => call('/sign-in/enrollment', {}, token)));
          assert.equal(starts.filter(({ text }) => text.includes('otpauthUri')).length, 1, 'one secret was shown');
        },
      };
    },
  },
  {
    name: 'the name of an invitation by key',
    async arrange(race) {
      race.clock.at += 60;
      const { key } = await makeKey(race, ['users:write']);
      const email = `named${race.clock.at}@acme.example`;
      const { id } = await race.addUser({ email, partnerId: race.partner.id, password: undefined });
      // An act that could happen twice. A taken email or slug would prevent that.
      const request = call(`/users/${id}/invitation`, {}, key);
      const named = { ...request, headers: { ...request.headers, 'idempotency-key': 'contact' } };
      return {
        requests: times(FIFTY, named),
        // All get the same answer, so the executed acts count.
        wins: (answers) => new Set(answers.map(({ status, text }) => `${status} ${text}`)).size,
        async afterwards(answers) {
          assert.ok(answers.every(({ status }) => status === 200));
          assert.equal((await race.eventsOf(id, 'invitation.created')).length, 1);
        },
      };
    },
  },
  {
    name: 'the confirmation of a new email',
    async arrange(race) {
      const racer = await race.newRacer();
      const browser = await race.signedIn(racer);
      const email = `new-${racer.email}`;
      const path = await emailLink(race, { purpose: 'confirm', userId: racer.id, email });
      return {
        requests: times(FIFTY, await formOf(browser, path, {})),
        // The same form: each gets the answer of the first. The written events count.
        wins: async () => (await race.eventsOf(racer.id, 'email.changed')).length,
        async afterwards(answers) {
          assert.ok(answers.every(({ status }) => status === 303));
          assert.deepEqual(await waysBackOf(race, racer.id), [racer.email], 'one way back');
          assert.equal((await race.sessionsOf(racer.id)).length, 1);
        },
      };
    },
  },
  {
    name: 'the way back to an old email',
    async arrange(race) {
      const racer = await race.newRacer();
      await race.signedIn(racer);
      const path = await emailLink(race, { purpose: 'revert', userId: racer.id, email: `old-${racer.email}` });
      return {
        requests: await fiftyForms(race, path, () => ({})),
        wins: (answers) => answers.filter(({ status }) => status === 303).length,
        async afterwards() {
          assert.equal((await race.eventsOf(racer.id, 'email.reverted')).length, 1);
          assert.equal((await race.sessionsOf(racer.id)).length, 0);
          const { read } = race.env.db;
          const links = await read.selectFrom('links').select('id').where('user_id', '=', racer.id).execute();
          assert.equal(links.length, 1, 'one link for a new password');
        },
      };
    },
  },
  {
    name: 'a form that makes an API key',
    async arrange(race) {
      race.clock.at += 60;
      const browser = await enterStaff(race, 'admin', `admin${race.clock.at}@portal.example`);
      const name = `Key ${race.clock.at}`;
      const form = await formOf(browser, '/console/api-keys/new', { name, 'users:read': 'yes', expires: '' });
      const { read } = race.env.db;
      return {
        requests: times(FIFTY, form),
        wins: async () => (await read.selectFrom('api_keys').select('id').where('name', '=', name).execute()).length,
        async afterwards(answers) {
          const pages = new Set(answers.map(({ location }) => location));
          assert.equal(pages.size, 1, 'all lead to the page of the one key');
          assert.match((await browser.get(String([...pages][0]))).text, /sp_[\w-]{49}/);
        },
      };
    },
  },
  {
    name: 'a form that adds a client',
    async arrange(race) {
      race.clock.at += 60;
      const browser = await enterStaff(race, 'admin', `admin${race.clock.at}@portal.example`);
      const name = `Client ${race.clock.at}`;
      const fields = { name, type: 'web', redirect_uris: 'https://portal.example/callback' };
      const form = await formOf(browser, '/console/clients/new', fields);
      const { read } = race.env.db;
      return {
        requests: times(FIFTY, form),
        wins: async () =>
          (await read.selectFrom('oidc_clients').select('id').where('name', '=', name).execute()).length,
        async afterwards(answers) {
          const pages = new Set(answers.map(({ location }) => location));
          assert.equal(pages.size, 1, 'all lead to the page of the one secret');
          assert.match((await browser.get(String([...pages][0]))).text, /spc_[\w-]{43}/);
        },
      };
    },
  },
  {
    name: 'the link of the first administrator',
    async arrange(race) {
      await race.env.db.transaction((tx) => tx.deleteFrom('users').where('role', '=', 'admin').execute());
      const { url } = await race.env.db.transaction((tx) => makeLink(race.env, tx, { purpose: 'first_administrator' }));
      race.clock.at += 60;
      const { at } = race.clock;
      const fields = (index: number) => ({
        email: `admin${at}-${index}@portal.example`,
        name: 'Ada',
        password: passwordOf(index),
      });
      return {
        requests: await fiftyForms(race, new URL(url).pathname, fields),
        wins: (answers) => answers.filter(({ status }) => status === 303).length,
        async afterwards() {
          const { read } = race.env.db;
          const admins = await read.selectFrom('users').select('id').where('role', '=', 'admin').execute();
          assert.equal(admins.length, 1);
        },
      };
    },
  },
];

async function emailLink(race: Race, link: Parameters<typeof makeEmailLink>[2]): Promise<string> {
  return new URL(await race.env.db.transaction((tx) => makeEmailLink(race.env, tx, link))).pathname;
}

async function waysBackOf(race: Race, userId: string): Promise<string[]> {
  const all = race.env.db.read.selectFrom('email_links').select('email').where('user_id', '=', userId);
  return (await all.where('purpose', '=', 'revert').execute()).map(({ email }) => email);
}

/** At most one session results: in the answers, in the database and in the audit log. */
function signIn(race: Race, { id }: { readonly id: string }, requests: readonly WireRequest[]): Attempt {
  return {
    requests,
    wins: sessionsOpened,
    async afterwards() {
      assert.equal((await race.sessionsOf(id)).length, 1);
      assert.equal((await race.eventsOf(id, 'sign_in.completed')).length, 1);
    },
  };
}

async function inTenBrowsers(race: Race, { id, email }: Racer, form: (browser: Person) => Promise<WireRequest>) {
  const forms: WireRequest[] = [];
  for (let count = 0; count < 10; count++) {
    const browser = await race.knownBrowser(id);
    await browser.signIn(email);
    forms.push(await form(browser));
  }
  return forms;
}

async function startReplacing(race: Race, browser: Person): Promise<WireRequest> {
  await browser.get('/security/authenticator');
  await browser.post('/security/authenticator/start');
  const code = race.totp(await shownSecret(browser, '/security/authenticator'));
  return formOf(browser, '/security/authenticator', { code });
}

function replacement(race: Race, { id }: Racer, forms: readonly WireRequest[]): Attempt {
  return {
    requests: times(FIFTY, ...forms),
    wins: sessionsOpened,
    async afterwards() {
      assert.equal((await race.eventsOf(id, 'totp.replaced')).length, 1);
      assert.equal((await authenticatorsOf(race, id)).length, 1);
      assert.equal((await race.sessionsOf(id)).length, 1, 'the other session ended with the old authenticator');
    },
  };
}

async function assertEnrolledOnce(race: Race, userId: string, answers: readonly WireAnswer[] = []): Promise<void> {
  assert.equal((await race.sessionsOf(userId)).length, 1);
  assert.equal((await authenticatorsOf(race, userId)).length, 1);
  assert.equal((await race.eventsOf(userId, 'totp.enrolled')).length, 1);
  const codes = await race.env.db.read
    .selectFrom('recovery_codes')
    .select('id')
    .where('user_id', '=', userId)
    .execute();
  assert.equal(codes.length, 10);
  assert.ok(answers.filter(({ text }) => text.includes('recoveryCodes')).length <= 1, 'the codes were answered once');
}

function authenticatorsOf(race: Race, userId: string) {
  return race.env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', userId).execute();
}

async function shownSecret(browser: Person, path: string): Promise<string> {
  const { text } = await browser.get(path);
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1];
  assert(secret, `${path} shows a secret`);
  return secret;
}

async function fiftyForms(race: Race, path: string, fields: (index: number) => Record<string, string>) {
  const browser = race.person();
  // One form cookie for all of them.
  await browser.get(path);
  return Promise.all(Array.from({ length: FIFTY }, (_, index) => formOf(browser, path, fields(index))));
}

function passwordOf(index: number): string {
  return `thimble quartz meadow ${index}`;
}
