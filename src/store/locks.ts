import { PostgresAdapter, sql } from 'kysely';
import type { Queries } from './database.ts';
import { type Param, statement } from './statement.ts';

/**
 * Transactions that change what belongs to one person run one after the other: each begins here.
 *
 * PostgreSQL runs them at READ COMMITTED, where "end every session" does not see the session that another transaction is
 * about to make; behind this lock it does. SQLite has one writer and needs none. The person comes before all other rows,
 * so that two transactions never wait for each other in a circle.
 *
 * @param userId may be nobody's: then nothing is locked, in the same time
 */
export async function lockUser(tx: Queries, userId: string): Promise<void> {
  if (hasManyWriters(tx)) await userForUpdate.send(tx, { userId });
}

/** What a partner's policy says now holds until the end of the transaction; many may hold it, no one changes it. */
export async function holdPartner(tx: Queries, partnerId: string): Promise<void> {
  if (hasManyWriters(tx)) await partnerForShare.send(tx, { partnerId });
}

/** For what there is one of in the whole house: its first administrator, its last one. */
export async function lockHouse(tx: Queries): Promise<void> {
  if (hasManyWriters(tx)) await sql`select pg_advisory_xact_lock(${HOUSE})`.execute(tx);
}

/** Any number that no other program uses in this database: "sally" in ASCII. */
const HOUSE = 0x73616c6c79;

function hasManyWriters(tx: Queries): boolean {
  return tx.getExecutor().adapter instanceof PostgresAdapter;
}

const userForUpdate = statement((db: Queries, p: Param<{ userId: string }>) =>
  db.selectFrom('users').select('id').where('id', '=', p.userId).forUpdate(),
);

const partnerForShare = statement((db: Queries, p: Param<{ partnerId: string }>) =>
  db.selectFrom('partners').select('id').where('id', '=', p.partnerId).forShare(),
);
