import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { creationOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { encodeBase32 } from '#core/authenticators/totp.ts';
import { tokenHash } from '#core/values/token.ts';
import { createEnrollment } from '#store/authenticators/enrollments.ts';
import type { Authenticator } from '../../authenticator/create.ts';
import { phone, RP_ID, securityKey } from '../../stories/passkeys/passkey-story.ts';
import { storedOptions, storePasskey } from '../../stories/passkeys/stored.ts';
import { ORIGIN } from '../../world.ts';
import type { WireAnswer, WireRequest } from './at-once.ts';
import { call, openRace, ROUNDS, sessionsOpened, times } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

const TWENTY = 20;

/** A person with an app and passkeys of these devices. */
async function newRacerWith(...devices: Authenticator[]) {
  const racer = await race.newRacer();
  const ids: string[] = [];
  for (const [index, device] of devices.entries()) ids.push(await storePasskey(race.env, racer, device, index + 1));
  return { ...racer, ids };
}

async function signedAlone(device: Authenticator, overrides = {}): Promise<WireRequest> {
  const options = await storedOptions(race.env, { purpose: 'sign_in', owner_id: null, browser: null });
  return call('/sign-in/passkey', device.authenticate(options, overrides));
}

/** A session of a program that has just proven a code, by the API. */
async function program({ email, secret }: { email: string; secret: string }): Promise<string> {
  const [pending = ''] = await race.pendingTokens(email, 1);
  const { body } = await race.api('POST', '/api/v1/sign-in/one-time-code', { code: race.totp(secret) }, pending);
  race.clock.at += 30;
  return String(Object(body.session).token);
}

/** A request that confirms a passkey of a new device, in this session. */
async function confirmation(
  token: string,
  user: { id: string; email: string },
  { isKept = false } = {},
): Promise<WireRequest> {
  const owner_id = await sessionId(token);
  const binding = { purpose: 'enrollment' as const, owner_id, browser: null, ...(!isKept && { userId: user.id }) };
  const { id, challenge } = await storedOptions(race.env, binding);
  const rp = { id: RP_ID, origin: ORIGIN, name: 'x' };
  const answer = phone().register(creationOptions(rp, { ...user, name: user.email }, challenge, []));
  return call(`/authenticators/${id}/confirm`, answer, token);
}

/**
 * A set-up that a change of authenticators leaves, because its row names nobody, or a bystander. The first success ends
 * every other set-up of a person, so without this no second one would come as far as the limit.
 */
const KEPT = { isKept: true };

/** A request that confirms an app, in this session, whose set-up is kept. */
async function appConfirmation(token: string): Promise<WireRequest> {
  const { id: bystander } = await race.addUser({
    email: `by-${race.env.newId()}@acme.example`,
    partnerId: race.partner.id,
  });
  const [id, now, secret] = [race.env.newId(), race.env.now(), race.env.random(20)];
  const binding = { table: 'enrollments', rowId: id, userId: bystander };
  const row = {
    ...{ id, user_id: bystander, owner_id: await sessionId(token), created_at: now, expires_at: now + 600 },
    ...{ tries: 0, confirming_until: null, last_refusal: null, name: null },
    sealed_secret: race.env.keys.seal('totp', binding, secret),
  };
  await race.env.db.transaction((tx) => createEnrollment(tx, row));
  return call(`/authenticators/${id}/confirm`, { code: race.totp(encodeBase32(secret)) }, token);
}

async function sessionId(token: string): Promise<string> {
  const sessions = race.env.db.read.selectFrom('sessions').select('id');
  return (await sessions.where('token_hash', '=', tokenHash(token)).executeTakeFirstOrThrow()).id;
}

/** The statuses, with the reason of each refusal. */
function outcomesOf(answers: readonly WireAnswer[]): readonly string[] {
  return answers.map(({ status, text }) => [status, JSON.parse(text).reason].filter(Boolean).join(' ')).toSorted();
}

async function passkeysOf(userId: string) {
  return race.env.db.read.selectFrom('passkeys').select('id').where('user_id', '=', userId).execute();
}

function statusesOf(answers: readonly WireAnswer[]) {
  return answers.map(({ status }) => status).toSorted((one, other) => one - other);
}

describe('one answer of a passkey, sent twenty times at once', () => {
  test('as the whole sign-in opens one session', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      for (const device of [phone(), securityKey()]) {
        const { id } = await newRacerWith(device);
        const answers = await race.send(times(TWENTY, await signedAlone(device)));
        assert.equal(sessionsOpened(answers), 1, JSON.stringify(statusesOf(answers)));
        assert.equal((await race.sessionsOf(id)).length, 1);
        assert.equal((await race.eventsOf(id, 'sign_in.passkey_accepted')).length, 1);
        assert.ok(answers.every(({ status }) => status === 200 || status === 422));
      }
    }
  });

  test('after the password opens one session, and uses up one sign-in', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const device = phone();
      const { id, email } = await newRacerWith(device);
      const [token = ''] = await race.pendingTokens(email, 1);
      const { body } = await race.api('POST', '/api/v1/sign-in/passkey/options', undefined, token);
      const answer = device.authenticate(body as never);
      const answers = await race.send(times(TWENTY, call('/sign-in/passkey', answer, token)));
      assert.equal(sessionsOpened(answers), 1, JSON.stringify(statusesOf(answers)));
      assert.equal((await race.sessionsOf(id)).length, 1);
    }
  });

  test('at a step-up proves once', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const device = phone();
      const racer = await newRacerWith(device);
      const token = await program(racer);
      const { body } = await race.api('POST', '/api/v1/step-up/passkey/options', undefined, token);
      const answer = device.authenticate(body as never);
      const answers = await race.send(times(TWENTY, call('/step-up/passkey', answer, token)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, JSON.stringify(statusesOf(answers)));
      assert.equal((await race.eventsOf(racer.id, 'step_up.proven')).length, 1);
    }
  });
});

test('twenty answers of one key bound to its device, with one counter, open one session', async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const device = securityKey({ counter: 5 });
    const { id } = await newRacerWith(device);
    // Copies of one key that count on their own.
    const requests: WireRequest[] = [];
    for (let copy = 0; copy < TWENTY; copy++) requests.push(await signedAlone(device, { counter: 50 }));
    const answers = await race.send(requests);
    assert.equal(sessionsOpened(answers), 1, JSON.stringify(statusesOf(answers)));
    assert.equal((await race.sessionsOf(id)).length, 1);
  }
});

describe('registrations at once', () => {
  test('one answer sent twenty times makes one passkey', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const racer = await newRacerWith();
      const token = await program(racer);
      const answers = await race.send(times(TWENTY, await confirmation(token, racer)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, JSON.stringify(statusesOf(answers)));
      assert.equal((await passkeysOf(racer.id)).length, 1);
      assert.equal((await race.eventsOf(racer.id, 'passkey.enrolled')).length, 1);
    }
  });

  test('two passkeys for the tenth slot make one', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const racer = await newRacerWith(...Array.from({ length: 8 }, () => phone()));
      const token = await program(racer);
      const requests = [await confirmation(token, racer, KEPT), await confirmation(token, racer, KEPT)];
      assert.deepEqual(outcomesOf(await race.send(requests)), ['200', '403 most_authenticators']);
      assert.equal((await passkeysOf(racer.id)).length, 9);
    }
  });

  test('an app and a passkey for the tenth slot make one of them', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const racer = await newRacerWith(...Array.from({ length: 8 }, () => phone()));
      const token = await program(racer);
      const requests = [await confirmation(token, racer, KEPT), await appConfirmation(token)];
      assert.deepEqual(outcomesOf(await race.send(requests)), ['200', '403 most_authenticators']);
      const all = race.env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', racer.id);
      assert.equal((await all.execute()).length, 10);
    }
  });

  test('two first ones, in two sign-ins, make one, with one set of recovery codes', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const user = await race.newUser();
      const requests: WireRequest[] = [];
      for (const token of await race.pendingTokens(user.email, 2)) {
        const { body } = await race.api('POST', '/api/v1/sign-in/enrollment/passkey/options', undefined, token);
        requests.push(call('/sign-in/enrollment/passkey', phone().register(body.options as never), token));
      }
      const answers = await race.send(requests);
      assert.equal(sessionsOpened(answers), 1, JSON.stringify(statusesOf(answers)));
      assert.equal((await passkeysOf(user.id)).length, 1);
      const codes = race.env.db.read.selectFrom('recovery_codes').select('id').where('user_id', '=', user.id);
      assert.equal((await codes.execute()).length, 10);
    }
  });
});

/** After which so many milliseconds of uses the passkey is removed: before the first of them is through, and later. */
const REMOVED_AFTER = [0, 10, 20, 40, 80];

test('a passkey that is used and removed at once signs in before the removal, or not at all', async () => {
  for (let round = 1; round <= ROUNDS * REMOVED_AFTER.length; round++) {
    const device = phone();
    const racer = await newRacerWith(device);
    const token = await program(racer);
    const uses = await Promise.all(Array.from({ length: 9 }, () => signedAlone(device)));
    const answers = await race.send(uses, async () => {
      await wait(REMOVED_AFTER[round % REMOVED_AFTER.length]);
      const removed = await race.api('DELETE', `/api/v1/authenticators/${racer.ids[0]}`, undefined, token);
      assert.equal(removed.status, 204);
    });
    assert.deepEqual(await passkeysOf(racer.id), []);
    const opened = answers.filter(({ status }) => status === 200).map(tokenOf);
    assert.ok(
      answers.every(({ status }) => status === 200 || status === 422),
      JSON.stringify(statusesOf(answers)),
    );
    assert.equal((await race.eventsOf(racer.id, 'sign_in.passkey_accepted')).length, opened.length);
    // The removal ends every other session, so none that a use opened may be left.
    for (const one of opened) assert.equal((await race.api('GET', '/api/v1/session', undefined, one)).status, 401);
    assert.equal((await race.sessionsOf(racer.id)).length, 1, 'the session that removed it');
  }
});

function tokenOf({ text }: WireAnswer): string {
  return String(JSON.parse(text).session.token);
}
