import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';
import { createTrigger, TRIGGERS } from './004-console.ts';
import { ADDED, COUNTING } from './021-several-authenticators.ts';

/**
 * Passkeys: each is a row of `authenticators`, so that everything that asks whether a person is enrolled counts it, and
 * a row of `passkeys` with what only a passkey has (decision 45).
 *
 * A node of the previous version takes the row for an app whose secret does not open, so it refuses codes and never
 * lets the password alone in.
 */
export const passkeys: Migration = {
  async up(db) {
    await (isPostgres(db) ? relaxColumns(db) : rebuildTable(db));
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const index of INDEXES) await run(db, `create index ${index}`);
    for (const change of CHANGES) await run(db, inDialect(db, `alter table ${change}`));
  },
};

const OF_USER = 'user_id text not null references users (id) on delete cascade';

const TABLES = {
  passkeys: `
    id text primary key references authenticators (id) on delete cascade,
    ${OF_USER},
    credential_id text not null unique,
    sealed_key text not null,
    counter bigint not null,
    aaguid text not null,
    transports text not null,
    synced bigint not null,
    backed_up bigint not null`,
  passkey_challenges: `
    id text primary key,
    challenge_hash text not null unique,
    purpose text not null check (purpose in ('sign_in', 'second_factor', 'step_up', 'enrollment')),
    owner_id text,
    user_id text references users (id) on delete cascade,
    browser text,
    name text,
    created_at bigint not null,
    expires_at bigint not null`,
};

const INDEXES = [
  'passkeys_user on passkeys (user_id)',
  'passkey_challenges_owner on passkey_challenges (owner_id) where owner_id is not null',
  'passkey_challenges_user on passkey_challenges (user_id) where user_id is not null',
  'passkey_challenges_expires on passkey_challenges (expires_at)',
];

const CHANGES = [
  // Which second factors this partner's people may use.
  "partners add column passkey_policy text not null default 'allowed' check (passkey_policy in ('off', 'allowed', 'required'))",
  'partners add column passkey_required_from bigint',
  // The factor that a sign-in has proven while it still needs a passkey.
  'pending_sign_ins add column proven text',
  'users add column passkey_offered_at bigint',
];

async function relaxColumns(db: Kysely<unknown>): Promise<void> {
  await run(db, 'alter table authenticators alter column sealed_secret drop not null');
  await run(db, 'alter table authenticators alter column last_used_step drop not null');
}

/** SQLite cannot make a column nullable. Renaming checks every trigger, so those that name the table go first. */
async function rebuildTable(db: Kysely<unknown>): Promise<void> {
  const naming = TRIGGERS.filter(({ name }) => name === 'count_deleted_user' || name === 'count_disabled_user');
  for (const { name } of [...naming, ...COUNTING]) await run(db, `drop trigger ${name}`);
  await createTable(db, 'authenticators_rebuilt', `${COLUMNS}, ${ADDED.join(', ')}`);
  await run(db, `insert into authenticators_rebuilt (${COPIED}) select ${COPIED} from authenticators`);
  await run(db, 'drop table authenticators');
  await run(db, 'alter table authenticators_rebuilt rename to authenticators');
  await run(db, 'create unique index authenticators_slot on authenticators (user_id, kind, slot)');
  for (const trigger of [...naming, ...COUNTING]) await createTrigger(db, true, trigger);
}

// A passkey has no secret of ours and no steps.
const COLUMNS = `
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    sealed_secret text,
    last_used_step bigint,
    created_at bigint not null,
    last_used_at bigint,
    last_refusal text,
    used_steps text not null default ''`;

const COPIED = [
  ...['id', 'user_id', 'sealed_secret', 'last_used_step', 'created_at', 'last_used_at', 'last_refusal', 'used_steps'],
  ...['kind', 'name', 'slot', 'budget_id'],
].join(', ');

function isPostgres(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

async function run(db: Kysely<unknown>, text: string): Promise<void> {
  await sql.raw(text).execute(db);
}
