import { type Kysely, SqliteAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What the console needs: archived partners, exemptions, adoption counts, access codes, and pending resets. */
export const consoleMigration: Migration = {
  async up(db) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter;
    const run = (text: string) => sql.raw(text).execute(db);
    for (const statement of STATEMENTS) await run(isSqlite ? statement.replaceAll('bigint', 'integer') : statement);
    for (const [name, columns] of Object.entries(TABLES)) {
      const create = `create table ${name} (${columns})`;
      await run(isSqlite ? `${create.replaceAll('bigint', 'integer')} strict` : create);
    }
    for (const statement of FILL) await run(statement);
    for (const trigger of TRIGGERS) await createTrigger(db, isSqlite, trigger);
  },
};

const STATEMENTS = [
  'alter table partners add column archived_at bigint',
  // 1: people of this partner can enroll again after a reset without a temporary access code.
  'alter table partners add column resets_without_code bigint not null default 0',
  'alter table users add column exempt_until bigint',
  'alter table users add column exempt_reason text',
  'alter table users add column last_sign_in_at bigint',
  'create index users_partner_email on users (partner_id, email)',
  'create index audit_events_partner on audit_events (partner, id) where partner is not null',
];

const OF_USER = 'user_id text not null references users (id) on delete cascade';

const TABLES = {
  // The triggers below update it. A separate table, so that an enrollment does not wait for the partner's row.
  partner_counts: `
    partner_id text primary key references partners (id) on delete cascade,
    people bigint not null,
    enrolled bigint not null`,
  // At most one per person. While a row exists, even an expired one, enrollment shows a secret only after this code.
  access_codes: `
    ${OF_USER} primary key,
    mac text not null,
    created_at bigint not null,
    expires_at bigint not null,
    tries bigint not null,
    used_at bigint,
    used_by text`,
  reset_requests: `
    id text primary key,
    ${OF_USER} unique,
    requested_by text not null,
    requested_at bigint not null,
    reason text not null,
    checked_by text not null,
    check_note text not null,
    code_minutes bigint not null`,
};

const FILL = [
  `insert into partner_counts (partner_id, people, enrolled)
   select p.id, count(u.id), count(a.id) from partners p
   left join users u on u.partner_id = p.id and u.disabled_at is null
   left join authenticators a on a.user_id = u.id group by p.id`,
];

export type Trigger = { readonly name: string; readonly when: string; readonly does: string };

const HAS_AUTHENTICATOR = 'exists (select 1 from authenticators where user_id = old.id)';

/** The database itself counts, so every change of a person or an authenticator is counted, whichever code makes it. */
export const TRIGGERS: readonly Trigger[] = [
  {
    name: 'count_new_partner',
    when: 'after insert on partners',
    does: 'insert into partner_counts (partner_id, people, enrolled) values (new.id, 0, 0);',
  },
  {
    name: 'count_new_user',
    when: 'after insert on users',
    does: `update partner_counts set people = people + 1
      where partner_id = new.partner_id and new.disabled_at is null;`,
  },
  {
    // Before the delete, because afterwards the authenticator is already deleted and cannot be counted.
    name: 'count_deleted_user',
    when: 'before delete on users',
    does: `update partner_counts
      set people = people - 1, enrolled = enrolled - case when ${HAS_AUTHENTICATOR} then 1 else 0 end
      where partner_id = old.partner_id and old.disabled_at is null;`,
  },
  {
    name: 'count_disabled_user',
    when: 'after update of disabled_at on users',
    does: `update partner_counts
      set people = people - 1, enrolled = enrolled - case when ${HAS_AUTHENTICATOR} then 1 else 0 end
      where partner_id = old.partner_id and old.disabled_at is null and new.disabled_at is not null;
      update partner_counts
      set people = people + 1, enrolled = enrolled + case when ${HAS_AUTHENTICATOR} then 1 else 0 end
      where partner_id = old.partner_id and old.disabled_at is not null and new.disabled_at is null;`,
  },
  {
    name: 'count_new_authenticator',
    when: 'after insert on authenticators',
    does: `update partner_counts set enrolled = enrolled + 1
      where partner_id = (select partner_id from users where id = new.user_id and disabled_at is null);`,
  },
  {
    name: 'count_deleted_authenticator',
    when: 'after delete on authenticators',
    does: `update partner_counts set enrolled = enrolled - 1
      where partner_id = (select partner_id from users where id = old.user_id and disabled_at is null);`,
  },
];

/** Creates the trigger in the syntax of each database. PostgreSQL needs a function for each trigger. */
export async function createTrigger(
  db: Kysely<unknown>,
  isSqlite: boolean,
  { name, when, does }: Trigger,
): Promise<void> {
  if (isSqlite) {
    await sql.raw(`create trigger ${name} ${when} for each row begin ${does} end`).execute(db);
    return;
  }
  // PostgreSQL deletes nothing unless a "before" trigger returns the row. It ignores the result of an "after" trigger.
  const row = when.includes('delete') ? 'old' : 'new';
  const body = `begin ${does} return ${row}; end`;
  await sql.raw(`create function ${name}() returns trigger language plpgsql as $$ ${body} $$`).execute(db);
  await sql.raw(`create trigger ${name} ${when} for each row execute function ${name}()`).execute(db);
}
