import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/**
 * The column for the interface of a token is now `channel`. A node of the previous version still reads and writes
 * `mouth`. So both columns exist until the next release, and a trigger fills the one that an insert leaves out. On SQLite,
 * where no other node runs, it fills only `mouth`.
 */
export const channelColumn: Migration = {
  async up(db) {
    for (const table of ['sessions', 'pending_sign_ins']) {
      await run(db, `alter table ${table} rename column mouth to channel`);
      await run(db, inDialect(db, `alter table ${table} add column mouth text`));
      await run(db, `update ${table} set mouth = channel`);
    }
    await (db.getExecutor().adapter instanceof PostgresAdapter ? fillEither(db) : fillOld(db));
  },
};

async function fillEither(db: Kysely<unknown>): Promise<void> {
  await run(
    db,
    `create function fill_channel() returns trigger language plpgsql as $$ begin
      new.channel := coalesce(new.channel, new.mouth);
      new.mouth := new.channel;
      return new; end $$`,
  );
  for (const table of ['sessions', 'pending_sign_ins']) {
    await run(
      db,
      `create trigger ${table}_channel before insert on ${table} for each row execute function fill_channel()`,
    );
  }
}

/** No older node runs beside SQLite. The old column is filled, because a copy compares every column. */
async function fillOld(db: Kysely<unknown>): Promise<void> {
  for (const table of ['sessions', 'pending_sign_ins']) {
    await run(
      db,
      `create trigger ${table}_channel after insert on ${table} when new.mouth is null begin
        update ${table} set mouth = new.channel where id = new.id; end`,
    );
  }
}

async function run(db: Kysely<unknown>, text: string): Promise<void> {
  await sql.raw(text).execute(db);
}
