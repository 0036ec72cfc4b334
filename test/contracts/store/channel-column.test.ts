import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { channelColumn } from '#store/engine/migrations/020-channel.ts';
import { createSession, findSession } from '#store/sessions/sessions.ts';
import type { Channel } from '#store/sessions/tables.ts';
import { createPendingSignIn } from '#store/sign-in/pending-changes.ts';
import { findPendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { KIND } from '../../databases/open.ts';
import { openWorld } from '../../world.ts';

const CHANNELS = ['page', 'api'] as const;
const TABLES = ['sessions', 'pending_sign_ins'] as const;

/** A database in which one person has a session and a pending sign-in for each channel. */
async function openWithPerson(t: TestContext) {
  const { env, addUser, clock } = await openWorld(t);
  const { id: userId } = await addUser({ email: 'ana@acme.example' });
  return { db: env.db, userId, now: clock.at };
}

async function undo(tx: Queries): Promise<void> {
  for (const table of TABLES) {
    await sql.raw(`drop trigger ${table}_channel ${KIND === 'postgres' ? `on ${table}` : ''}`).execute(tx);
    await sql.raw(`alter table ${table} drop column mouth`).execute(tx);
    await sql.raw(`alter table ${table} rename column channel to mouth`).execute(tx);
  }
  if (KIND === 'postgres') await sql.raw('drop function fill_channel()').execute(tx);
}

/** As the previous version writes its rows. */
async function insertAsBefore(tx: Queries, userId: string, now: number): Promise<void> {
  for (const channel of CHANNELS) {
    const id = `before ${channel}`;
    await sql`insert into sessions
      (id, token_hash, mouth, user_id, created_at, last_seen_at, expires_at, amr, auth_time, continue_to)
      values (${id}, ${id}, ${channel}, ${userId}, ${now}, ${now}, ${now + 60}, 'pwd', ${now}, '/')`.execute(tx);
    await sql`insert into pending_sign_ins
      (id, token_hash, mouth, user_id, created_at, expires_at, tries, skippable)
      values (${id}, ${id}, ${channel}, ${userId}, ${now}, ${now + 60}, 0, 0)`.execute(tx);
  }
}

/** As this version writes its rows. */
async function insertNow(tx: Queries, userId: string, now: number): Promise<void> {
  for (const channel of CHANNELS) {
    const id = `now ${channel}`;
    const row = {
      id,
      token_hash: id,
      channel,
      user_id: userId,
      created_at: now,
      expires_at: now + 60,
      device_id: null,
    };
    await createSession(tx, {
      ...{
        ...row,
        trusted_device_id: null,
        last_seen_at: now,
        amr: 'pwd',
        auth_time: now,
        second_factor_at: null,
        continue_to: '/',
      },
      ...{ step_up_at: null, step_up_method: null, step_up_to: null, notice: null, address: null, user_agent: null },
    });
    await createPendingSignIn(tx, {
      ...{ ...row, tries: 0, skippable: 0, proven: null, browser: null, return_to: null, replaced_session_id: null },
      ...{ completed_at: null, completed_to: null },
    });
  }
}

const other = (channel: Channel) => CHANNELS.filter((one) => one !== channel)[0] ?? channel;

async function assertFound(db: Queries, when: 'before' | 'now'): Promise<void> {
  for (const find of [findSession, findPendingSignIn]) {
    for (const channel of CHANNELS) {
      const token = `${when} ${channel}`;
      assert.equal((await find(db, token, channel))?.channel, channel);
      assert.equal(await find(db, token, other(channel)), undefined);
    }
  }
}

async function assertFoundAsBefore(db: Queries, when: 'before' | 'now'): Promise<void> {
  for (const table of TABLES) {
    for (const channel of CHANNELS) {
      const { rows } = await sql`select id from ${sql.table(table)}
        where token_hash = ${`${when} ${channel}`} and mouth = ${channel}`.execute(db);
      assert.equal(rows.length, 1, `${table}, ${when}, ${channel}`);
    }
  }
}

test('who was signed in, or on the way, before the column got its name stays so after it', async (t) => {
  const { db, userId, now } = await openWithPerson(t);
  await db.transaction(async (tx) => {
    await undo(tx);
    await insertAsBefore(tx, userId, now);
    await channelColumn.up(tx);
  });
  await assertFound(db.read, 'before');
  await assertFoundAsBefore(db.read, 'before');
});

test('what this version writes is complete for the version before', async (t) => {
  const { db, userId, now } = await openWithPerson(t);
  await db.transaction((tx) => insertNow(tx, userId, now));
  await assertFound(db.read, 'now');
  await assertFoundAsBefore(db.read, 'now');
});

const skip = KIND === 'sqlite' && 'nothing runs beside another version on SQLite';

test('what the version before writes beside this one is complete for this one', { skip }, async (t) => {
  const { db, userId, now } = await openWithPerson(t);
  await db.transaction((tx) => insertAsBefore(tx, userId, now));
  await assertFound(db.read, 'before');
  await assertFoundAsBefore(db.read, 'before');
});
