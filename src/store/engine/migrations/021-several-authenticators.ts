import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';
import { createTrigger, TRIGGERS, type Trigger } from './004-console.ts';

/**
 * A person may have several authenticators, each in a slot of its own.
 *
 * A node of the previous version names no slot, so everything it inserts goes to slot 1 of the kind `totp`: the unique
 * index still gives a person at most one authenticator of that version. The triggers count a person once.
 */
export const severalAuthenticators: Migration = {
  async up(db) {
    const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
    await (isPostgres ? changeTable(db) : rebuildTable(db));
    await run(db, 'create unique index authenticators_slot on authenticators (user_id, kind, slot)');
    for (const trigger of COUNTING) await createTrigger(db, !isPostgres, trigger);
    // The name that an app gets when it is confirmed.
    await run(db, inDialect(db, 'alter table enrollments add column name text'));
  },
};

export const ADDED = [
  "kind text not null default 'totp'",
  // Chosen by the person; null: the screen names the kind.
  'name text',
  'slot bigint not null default 1',
  // All apps of a person share one budget of tries. Null: the id of the authenticator.
  'budget_id text',
];

const COUNTED = `partner_id = (select partner_id from users where id = ROW.user_id and disabled_at is null)
  and not exists (select 1 from authenticators where user_id = ROW.user_id and id <> ROW.id)`;

/** The triggers on the table. A later migration that rebuilds the table creates them again. */
export const COUNTING: readonly Trigger[] = [
  {
    name: 'count_first_authenticator',
    when: 'after insert on authenticators',
    does: `update partner_counts set enrolled = enrolled + 1 where ${COUNTED.replaceAll('ROW', 'new')};`,
  },
  {
    // Before the delete: PostgreSQL runs "after" triggers when all rows of the statement are gone, and each would count.
    name: 'count_last_authenticator',
    when: 'before delete on authenticators',
    does: `update partner_counts set enrolled = enrolled - 1 where ${COUNTED.replaceAll('ROW', 'old')};`,
  },
];

async function changeTable(db: Kysely<unknown>): Promise<void> {
  for (const name of ['count_new_authenticator', 'count_deleted_authenticator']) {
    await run(db, `drop trigger ${name} on authenticators`);
    await run(db, `drop function ${name}()`);
  }
  await run(db, 'alter table authenticators drop constraint authenticators_user_id_key');
  for (const column of ADDED) {
    await run(db, inDialect(db, `alter table authenticators add column ${column}`));
  }
}

/** SQLite cannot drop the uniqueness of a column. Renaming checks every trigger, so those that name the table go first. */
async function rebuildTable(db: Kysely<unknown>): Promise<void> {
  const naming = TRIGGERS.filter(({ name }) => name === 'count_deleted_user' || name === 'count_disabled_user');
  for (const { name } of naming) await run(db, `drop trigger ${name}`);
  await createTable(db, 'authenticators_rebuilt', `${COLUMNS}, ${ADDED.join(', ')}`);
  const kept = 'id, user_id, sealed_secret, last_used_step, created_at, last_used_at, last_refusal, used_steps';
  await run(db, `insert into authenticators_rebuilt (${kept}) select ${kept} from authenticators`);
  await run(db, 'drop table authenticators');
  await run(db, 'alter table authenticators_rebuilt rename to authenticators');
  for (const trigger of naming) await createTrigger(db, true, trigger);
}

const COLUMNS = `
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    sealed_secret text not null,
    last_used_step bigint not null,
    created_at bigint not null,
    last_used_at bigint,
    last_refusal text,
    used_steps text not null default ''`;

async function run(db: Kysely<unknown>, text: string): Promise<void> {
  await sql.raw(text).execute(db);
}
