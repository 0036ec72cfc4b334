import assert from 'node:assert/strict';
import type { MfaPolicy } from '#core/people/policy.ts';
import { isRefusal } from '#core/values/result.ts';
import { resealRows } from '#features/operate/reseal.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { PASSWORD } from '../../world.ts';
import type { WireAnswer, WireRequest } from './at-once.ts';
import { call, formOf, type Race, times } from './race-world.ts';

/** A change that revokes what sign-ins open. In either order, nothing remains that it should have revoked. */
export type AgainstSignIns = {
  readonly name: string;
  /** New people, their almost finished sign-ins, and the change. */
  arrange(race: Race): Promise<Attempt>;
};

type Attempt = {
  readonly requests: readonly WireRequest[];
  /** Runs beside the requests, on one of the nodes. */
  change(): Promise<unknown>;
  /** Must be true afterwards, in the database and in the answers in the order of the requests. */
  afterwards(answers: readonly WireAnswer[]): Promise<void>;
};

/** To add a kind of change, add an entry to this list. */
export const AGAINST_SIGN_INS: readonly AgainstSignIns[] = [
  {
    name: 'a reset of MFA and one-time codes',
    async arrange(race) {
      const { racer, requests } = await oneTimeCodes(race);
      return {
        requests,
        change: () => done(takeAuthenticators(race.env, typed(racer))),
        afterwards: () => nothingLeft(race, racer),
      };
    },
  },
  {
    name: 'a reset of MFA and recovery codes',
    async arrange(race) {
      const racer = await race.newRacer();
      const codes = await race.recoveryCodes(racer.id);
      const tokens = await race.pendingTokens(racer.email, 10);
      const requests = codes.map((code, index) => call('/sign-in/recovery-code', { code }, tokens[index]));
      return {
        requests,
        change: () => done(takeAuthenticators(race.env, typed(racer))),
        afterwards: () => nothingLeft(race, racer),
      };
    },
  },
  {
    name: 'a reset of MFA and the confirmation of an enrollment',
    async arrange(race) {
      const user = await race.newUser();
      const [token] = await race.pendingTokens(user.email, 1);
      const { body } = await race.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const confirm = call('/sign-in/enrollment/confirm', { code: race.totp(String(body.secret)) }, token);
      const change = () => done(takeAuthenticators(race.env, typed(user)));
      return { requests: times(10, confirm), change, afterwards: () => nothingLeft(race, user) };
    },
  },
  {
    name: 'a disabled user and one-time codes',
    async arrange(race) {
      const { racer, requests } = await oneTimeCodes(race);
      return {
        requests,
        change: () => done(disableUser(race.env, typed(racer))),
        afterwards: () => nothingOpen(race, racer),
      };
    },
  },
  {
    name: 'a password set by a link and one-time codes',
    async arrange(race) {
      const { racer, requests } = await oneTimeCodes(race);
      const { url } = await race.env.db.transaction((tx) =>
        makeLink(race.env, tx, { purpose: 'reset', userId: racer.id }),
      );
      const form = await formOf(race.person(), new URL(url).pathname, { password: 'thimble quartz meadow 9' });
      return {
        requests: [...requests.slice(0, 5), form, ...requests.slice(5)],
        change: async () => undefined,
        afterwards: () => nothingOpen(race, racer),
      };
    },
  },
  {
    name: 'a rotation of keys, which must end nothing, and passwords, codes, a set-up and a changed password',
    arrange: rotation,
  },
  {
    name: 'a policy that requires MFA and “Not now”',
    arrange: async (race) => {
      const { emails, ...partner } = await colleagues(race, 'optional');
      const tokens = (await Promise.all(emails.map((email) => race.pendingTokens(email, 1)))).flat();
      return requiring(
        race,
        partner,
        tokens.map((token) => call('/sign-in/enrollment/skip', {}, token)),
      );
    },
  },
  {
    name: 'a policy that requires MFA and passwords that were enough',
    arrange: async (race) => {
      const { emails, ...partner } = await colleagues(race, 'off');
      return requiring(
        race,
        partner,
        emails.map((email) => call('/sign-in', { email, password: PASSWORD })),
      );
    },
  },
];

type Racer = { readonly id: string; readonly email: string };

/** Ten almost finished sign-ins, with the three codes that are valid at this moment. */
async function oneTimeCodes(race: Race) {
  const racer = await race.newRacer();
  const tokens = await race.pendingTokens(racer.email, 10);
  const codes = [-1, 0, 1].map((ahead) => race.totp(racer.secret, ahead));
  const requests = tokens.map((token, index) => call('/sign-in/one-time-code', { code: codes[index % 3] }, token));
  return { racer, requests };
}

/** Rows are resealed while others read and write them. Every correct sign-in succeeds, and no change is lost. */
async function rotation(race: Race): Promise<Attempt> {
  const [racer, next] = [await race.newRacer(), 'thimble quartz meadow 9'];
  const user = await race.addUser({ email: `new.${racer.email}`, partnerId: race.partner.id });
  const browser = await race.signedIn(racer);
  const change = await formOf(browser, '/security/password', { current: PASSWORD, new: next });
  const [mine, pending] = await Promise.all([racer, user].map(({ email }) => race.pendingTokens(email, 1)));
  const { body } = await race.api('POST', '/api/v1/sign-in/enrollment', {}, pending?.[0]);
  const secret = String(body.secret);
  const requests = [
    call('/sign-in/enrollment/confirm', { code: race.totp(secret) }, pending?.[0]),
    ...times(4, call('/sign-in', { email: user.email, password: PASSWORD })),
    ...times(4, call('/sign-in/one-time-code', { code: race.totp(racer.secret) }, mine?.[0])),
    change,
  ];
  return {
    requests,
    change: () => resealRows(race.turned),
    async afterwards(answers) {
      const statuses = answers.map(({ status }) => status);
      assert.deepEqual([...statuses.slice(0, 5), statuses.at(-1)], [200, 200, 200, 200, 200, 303]);
      // The changed password revokes the pending sign-in of the codes, before or after one of them was accepted.
      assert.ok(statuses.slice(5, 9).filter((status) => status === 200).length <= 1);
      const { broken } = await resealRows(race.turned);
      assert.equal(broken, 0);
      race.clock.at += 60;
      assert.equal((await bothFactors(race, racer, PASSWORD)).status, 401);
      assert.equal((await bothFactors(race, racer, next)).status, 200);
      assert.equal((await bothFactors(race, { ...user, secret }, PASSWORD)).status, 200);
    },
  };
}

async function bothFactors(race: Race, { email, secret }: { email: string; secret: string }, password: string) {
  const first = await race.api('POST', '/api/v1/sign-in', { email, password });
  if (first.status !== 200) return first;
  const code = race.totp(secret);
  return race.api('POST', '/api/v1/sign-in/one-time-code', { code }, String(first.body.pendingToken));
}

async function colleagues(race: Race, policy: MfaPolicy) {
  race.clock.at += 2 * 60 * 60;
  const slug = `partner-${race.clock.at}`;
  const { id } = await race.addPartner({ slug, policy });
  const emails = Array.from({ length: 40 }, (_, index) => `colleague${index}@${slug}.example`);
  for (const email of emails) await race.addUser({ email, partnerId: id });
  return { id, slug, emails };
}

function requiring(race: Race, partner: { id: string; slug: string }, requests: readonly WireRequest[]): Attempt {
  return {
    requests,
    change: () => done(changeMfaPolicy(race.env, 'command_line', partner.slug, { policy: 'required' })),
    async afterwards() {
      const { read } = race.env.db;
      const people = read.selectFrom('users').select('id').where('partner_id', '=', partner.id);
      const sessions = read.selectFrom('sessions').select('id').where('user_id', 'in', people);
      assert.deepEqual(
        await sessions.where('second_factor_at', 'is', null).execute(),
        [],
        'no session by a password alone',
      );
      const pendings = read.selectFrom('pending_sign_ins').select('id').where('user_id', 'in', people);
      const skippable = pendings.where('completed_at', 'is', null).where('skippable', '=', 1);
      assert.deepEqual(await skippable.execute(), [], 'no sign-in that may be put off');
    },
  };
}

function typed({ email }: Racer) {
  return { email, actor: 'command_line', reason: 'asked on the telephone' };
}

async function done(change: Promise<unknown>): Promise<void> {
  assert.ok(!isRefusal(await change));
}

async function nothingOpen({ env: { db }, sessionsOf }: Race, { id }: Racer): Promise<void> {
  assert.deepEqual(await sessionsOf(id), [], 'no session');
  const pendings = db.read.selectFrom('pending_sign_ins').select('id').where('user_id', '=', id);
  assert.deepEqual(await pendings.where('completed_at', 'is', null).execute(), [], 'no pending sign-in');
}

async function nothingLeft(race: Race, racer: Racer): Promise<void> {
  await nothingOpen(race, racer);
  const { read } = race.env.db;
  for (const table of ['authenticators', 'recovery_codes', 'enrollments', 'devices'] as const) {
    const rows = await read.selectFrom(table).select('id').where('user_id', '=', racer.id).execute();
    assert.deepEqual(rows, [], table);
  }
}
