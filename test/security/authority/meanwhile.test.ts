import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { type Argon2, createHasher } from '#crypto/password-hash.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { checkOneTimeCode } from '#flows/authenticators/check-one-time-code.ts';
import { findPerson } from '#store/people/users.ts';
import { ANA, enrollWithCodes } from '../../story.ts';
import { openWorld, PASSWORD, QUICK_HASH, type World } from '../../world.ts';

/** A hash takes time: `meanwhile` runs between the check before it and its effect. */
async function openSlowly(t: TestContext) {
  let meanwhile = async () => {};
  const slow =
    <A extends unknown[], T>(job: (...args: A) => Promise<T>) =>
    async (...args: A) => {
      const work = meanwhile;
      meanwhile = async () => {};
      await work();
      return job(...args);
    };
  const argon2: Argon2 = {
    hash: slow(QUICK_HASH.hash),
    hashCode: slow(QUICK_HASH.hashCode),
    verify: slow(QUICK_HASH.verify),
  };
  const world = await openWorld(t, { hasher: createHasher({ argon2 }) });
  const { id: partnerId } = await world.addPartner({ policy: 'off' });
  const ana = await world.addUser({ email: ANA, partnerId });
  const endSessions = () =>
    world.env.db.transaction(async (tx) => {
      await tx.deleteFrom('sessions').execute();
    });
  const atNextHash = (work: () => Promise<void>) => {
    meanwhile = work;
  };
  return { world, ana, endSessions, atNextHash };
}

async function openSlowlyEnrolled(t: TestContext) {
  const slow = await openSlowly(t);
  const browser = slow.world.person();
  await slow.world.env.db.transaction((tx) => tx.updateTable('partners').set({ mfa_policy: 'optional' }).execute());
  return { ...slow, browser, ...(await enrollWithCodes(slow.world, browser)) };
}

describe('a session that is ended while its own change is at work', () => {
  it('makes no new recovery codes: those that were saved go on', async (t) => {
    const { world, browser, codes, atNextHash, endSessions } = await openSlowlyEnrolled(t);
    await browser.get('/security/recovery-codes');
    atNextHash(endSessions);
    assert.equal((await browser.post('/security/recovery-codes')).location, '/sign-in');
    const created = (await world.events()).filter(({ action }) => action === 'recovery_codes.created');
    assert.equal(created.length, 1, 'those of the set-up');
    const another = world.person();
    await another.signIn(ANA);
    await another.get('/sign-in/recovery-code');
    assert.equal((await another.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).location, '/sign-in/notice');
  });

  it('changes no password', async (t) => {
    const { world, browser, atNextHash, endSessions } = await openSlowlyEnrolled(t);
    await browser.get('/security/password');
    atNextHash(endSessions);
    const fields = { current: PASSWORD, new: 'copper lagoon whistle 4' };
    assert.equal((await browser.post('/security/password', fields)).location, '/sign-in');
    assert.equal(
      (await world.events()).some(({ action }) => action === 'password.changed'),
      false,
    );
    assert.equal((await world.person().signIn(ANA, PASSWORD)).location, '/sign-in/one-time-code');
  });
});

it('a step-up by password opens nothing once an authenticator is there', async (t) => {
  const { world, ana, atNextHash } = await openSlowly(t);
  const browser = world.person();
  await browser.signIn(ANA);
  world.clock.at += 300;
  await browser.get('/step-up');
  atNextHash(async () => {
    await world.addAuthenticator(ana.id);
  });
  assert.equal((await browser.post('/step-up', { password: PASSWORD })).status, 403);
  assert.equal((await browser.get('/security/authenticator')).location, '/step-up');
});

const WHY = { actor: 'command_line', reason: 'left the company' };

async function erase(world: World, id: string): Promise<void> {
  for (const act of [disableUser, deleteUser]) assert(!isRefusal(await act(world.env, { id, ...WHY })));
}

/** Nothing names the person but the audit log. */
async function assertForgotten(world: World, id: string): Promise<void> {
  const { read } = world.env.db;
  const keys = (await read.selectFrom('attempts').select('key').execute()).map(({ key }) => key);
  assert.deepEqual(
    keys.filter((key) => key.includes(id)),
    [],
  );
  assert.deepEqual(
    (await world.mail()).filter(({ to }) => to === ANA),
    [],
  );
}

describe('a person who is deleted while a wrong guess at their secrets is at work', () => {
  it('is forgotten after a recovery code', async (t) => {
    const { world, ana, atNextHash } = await openSlowlyEnrolled(t);
    const other = world.person();
    await other.signIn(ANA);
    await other.get('/sign-in/recovery-code');
    atNextHash(() => erase(world, ana.id));
    assert.equal((await other.post('/sign-in/recovery-code', { code: '0000-0000-0000-0000' })).status, 422);
    await assertForgotten(world, ana.id);
  });

  it('is forgotten after a one-time code, also one that shows a wrong clock', async (t) => {
    const { world, ana, secret } = await openSlowlyEnrolled(t);
    const person = await findPerson(world.env.db.read, ana.id);
    assert.ok(person);
    const client = { requestId: 'x', address: undefined, userAgent: undefined, deviceToken: undefined };
    const attempt = { user: person.user, deviceId: undefined, client };
    const guess = (env: World['env'], secondsAhead: number) => {
      world.clock.at += secondsAhead;
      const code = world.totp(secret);
      world.clock.at -= secondsAhead;
      return checkOneTimeCode(env, attempt, code, () => assert.fail('it opens nothing'));
    };
    assert.ok(isRefusal(await guess(world.env, 300)));
    world.clock.at += 60;
    const { db } = world.env;
    let begun = 0;
    const transaction: typeof db.transaction = async (work) => {
      if (++begun === 2) await erase(world, ana.id);
      return db.transaction(work);
    };
    const env = { ...world.env, db: { ...db, read: db.read, transaction } };
    const refused = await guess(env, 300);
    assert.ok(isRefusal(refused) && refused.clockOffsetSeconds !== undefined);
    await assertForgotten(world, ana.id);
  });
});
