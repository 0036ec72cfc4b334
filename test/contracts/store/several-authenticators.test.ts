import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { createAuthenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { severalAuthenticators } from '#store/engine/migrations/021-several-authenticators.ts';
import { findPersonRow, listUsers } from '#store/people/people-pages.ts';
import { createPendingSignIn } from '#store/sign-in/pending-changes.ts';
import { findPendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { KIND } from '../../databases/open.ts';
import { openWorld } from '../../world.ts';

async function openWithPerson(t: TestContext) {
  const { env, addPartner, addUser, clock } = await openWorld(t);
  const partner = await addPartner();
  const { id: userId } = await addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const enrolled = async (queries: Queries = env.db.read) => {
    const counts = queries.selectFrom('partner_counts').select(['people', 'enrolled']);
    return counts.where('partner_id', '=', partner.id).executeTakeFirstOrThrow();
  };
  return { db: env.db, userId, partnerId: partner.id, now: clock.at, enrolled };
}

const app = (userId: string, slot: number, now: number) => ({
  ...{ id: `app ${slot}`, user_id: userId, slot, budget_id: 'app 1', sealed_secret: 'sealed', name: null },
  ...{ last_used_step: slot, used_steps: `${slot} `, created_at: now + slot, last_used_at: null, last_refusal: null },
});

/** As the previous version writes its row. */
async function insertAsBefore(tx: Queries, userId: string, id: string, now: number): Promise<number> {
  const { numAffectedRows } = await sql`insert into authenticators
    (id, user_id, sealed_secret, last_used_step, used_steps, created_at, last_used_at, last_refusal)
    values (${id}, ${userId}, 'sealed', 7, '7 ', ${now}, ${now}, null) on conflict do nothing`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

/** The table and the triggers of the previous version. */
async function undo(tx: Queries): Promise<void> {
  const run = (text: string) => sql.raw(text).execute(tx);
  const on = KIND === 'postgres' ? 'on authenticators' : '';
  for (const name of ['count_first_authenticator', 'count_last_authenticator']) await run(`drop trigger ${name} ${on}`);
  await run('drop index authenticators_slot');
  await run('alter table enrollments drop column name');
  for (const column of ['kind', 'name', 'slot', 'budget_id'])
    await run(`alter table authenticators drop column ${column}`);
  if (KIND === 'postgres') {
    await run('alter table authenticators add unique (user_id)');
    await run('drop function count_first_authenticator()');
    await run('drop function count_last_authenticator()');
  }
  for (const name of ['count_new_authenticator', 'count_deleted_authenticator']) await addOldTrigger(run, name);
}

async function addOldTrigger(run: (text: string) => Promise<unknown>, name: string): Promise<void> {
  if (KIND === 'sqlite') return;
  await run(`create function ${name}() returns trigger language plpgsql as $$ begin return null; end $$`);
  const when = name.includes('new') ? 'insert' : 'delete';
  await run(`create trigger ${name} after ${when} on authenticators for each row execute function ${name}()`);
}

test('the one app that a person had is the first of their apps, with its own budget', async (t) => {
  const { db, userId, now, enrolled } = await openWithPerson(t);
  await db.transaction(async (tx) => {
    await undo(tx);
    await insertAsBefore(tx, userId, 'old', now);
    await sql`update partner_counts set enrolled = 1`.execute(tx);
    await severalAuthenticators.up(tx);
  });
  const factors = await factorsOf(db.read, userId);
  assert.deepEqual(
    factors?.apps.map(({ id, kind, slot, name, lastUsedStep, lastUsedAt }) => [
      id,
      kind,
      slot,
      name,
      lastUsedStep,
      lastUsedAt,
    ]),
    [['old', 'totp', 1, undefined, 7, now]],
  );
  assert.equal(factors?.budgetId, 'old');
  await db.transaction((tx) => tx.updateTable('users').set({ disabled_at: now }).where('id', '=', userId).execute());
  assert.deepEqual(await enrolled(), { people: 0, enrolled: 0 });
  await db.transaction((tx) => tx.updateTable('users').set({ disabled_at: null }).where('id', '=', userId).execute());
  assert.deepEqual(await enrolled(), { people: 1, enrolled: 1 });
});

test('a node of the version before gives a person one app, as before, also beside apps of this version', async (t) => {
  const { db, userId, now } = await openWithPerson(t);
  const written = await db.transaction(async (tx) => [
    await insertAsBefore(tx, userId, 'one', now),
    await insertAsBefore(tx, userId, 'two', now),
    await createAuthenticator(tx, app(userId, 2, now)),
    await insertAsBefore(tx, userId, 'three', now),
  ]);
  assert.deepEqual(written, [1, 0, true, 0]);
});

test('a slot holds one app', async (t) => {
  const { db, userId, now } = await openWithPerson(t);
  const made = await db.transaction(async (tx) => [
    await createAuthenticator(tx, app(userId, 1, now)),
    await createAuthenticator(tx, { ...app(userId, 1, now), id: 'another' }),
    await createAuthenticator(tx, app(userId, 3, now)),
  ]);
  assert.deepEqual(made, [true, false, true]);
});

test('a person with three apps is one person in counts, lists and sign-ins', async (t) => {
  const { db, userId, now, enrolled } = await openWithPerson(t);
  const row = { token_hash: 'token', channel: 'page' as const, user_id: userId, created_at: now, expires_at: now + 60 };
  await db.transaction(async (tx) => {
    for (const slot of [2, 1, 3]) await createAuthenticator(tx, app(userId, slot, now));
    await createPendingSignIn(tx, {
      ...{
        ...row,
        id: 'pending',
        tries: 0,
        skippable: 0,
        proven: null,
        browser: null,
        return_to: null,
        device_id: null,
      },
      ...{ replaced_session_id: null, completed_at: null, completed_to: null },
    });
  });
  assert.deepEqual(await enrolled(), { people: 1, enrolled: 1 });
  const listed = (await listUsers(db.read)).filter(({ user }) => user.id === userId);
  assert.deepEqual(
    listed.map(({ enrolledAt }) => enrolledAt),
    [now + 1],
  );
  assert.equal((await findPersonRow(db.read, userId))?.enrolledAt, now + 1);
  assert.equal((await findPendingSignIn(db.read, 'token', 'page'))?.budgetId, 'app 1');
});

test('a person counts as enrolled until the last app is gone, whether one statement deletes them or several', async (t) => {
  const { db, userId, now, enrolled } = await openWithPerson(t);
  await db.transaction(async (tx) => {
    const remove = (id: string) => tx.deleteFrom('authenticators').where('id', '=', id).execute();
    for (const slot of [1, 2, 3]) await createAuthenticator(tx, app(userId, slot, now));
    await remove('app 1');
    assert.equal((await enrolled(tx)).enrolled, 1);
    await tx.deleteFrom('authenticators').where('user_id', '=', userId).execute();
    assert.equal((await enrolled(tx)).enrolled, 0);
    for (const slot of [1, 2]) await createAuthenticator(tx, app(userId, slot, now));
    assert.equal((await enrolled(tx)).enrolled, 1);
    await tx.deleteFrom('users').where('id', '=', userId).execute();
    assert.deepEqual(await enrolled(tx), { people: 0, enrolled: 0 });
  });
});
