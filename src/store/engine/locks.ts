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

/**
 * The same for an act of one person on another: the actor stays as they are until the end of the transaction, and the
 * subject is for this transaction alone. In the order of ids, so that two who act on each other never wait in a circle.
 *
 * @param subjectId may be the actor, nobody's, or absent
 */
export async function lockActorAndSubject(tx: Queries, actorId: string, subjectId: string | undefined): Promise<void> {
  if (!hasManyWriters(tx)) return;
  if (subjectId !== undefined && subjectId < actorId) await userForUpdate.send(tx, { userId: subjectId });
  if (subjectId !== actorId) await userForShare.send(tx, { userId: actorId });
  if (subjectId !== undefined && subjectId >= actorId) await userForUpdate.send(tx, { userId: subjectId });
}

/** A session stays until the end of the transaction: what ends it comes before, and is seen, or comes after. */
export async function holdSession(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await sessionForShare.send(tx, { id });
}

/** The same for a pending sign-in. */
export async function holdPendingSignIn(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await pendingForShare.send(tx, { id });
}

/** The same for a grant: tokens are kept before it ends, and end with it, or not at all. */
export async function holdGrant(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await grantForShare.send(tx, { id });
}

/** The same for a client: what it is granted is kept before it is disabled, and ends with that, or not at all. */
export async function holdClient(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await clientForShare.send(tx, { id });
}

/** The same for an API key. */
export async function holdApiKey(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await apiKeyForShare.send(tx, { id });
}

/** What a partner's policy says now holds until the end of the transaction; many may hold it, no one changes it. */
export async function holdPartner(tx: Queries, partnerId: string): Promise<void> {
  if (hasManyWriters(tx)) await partnerForShare.send(tx, { partnerId });
}

/** Transactions that make the first administrator, or end what may be the last one, run one after the other. */
export async function lockAdministrators(tx: Queries): Promise<void> {
  await lockForAllNodes(tx);
}

/** The same for those that make a signing key: of two nodes one makes it. */
export async function lockSigningKeys(tx: Queries): Promise<void> {
  await lockForAllNodes(tx);
}

/** The same for those that note a jump of the clock. */
export async function lockClockJumps(tx: Queries): Promise<void> {
  await lockForAllNodes(tx);
}

/** One lock for these rare transactions. A node of an earlier version takes the same one. */
async function lockForAllNodes(tx: Queries): Promise<void> {
  if (hasManyWriters(tx)) await sql`select pg_advisory_xact_lock(${ALL_NODES})`.execute(tx);
}

/** Any number that no other program uses in this database: "sally" in ASCII. */
const ALL_NODES = 0x73616c6c79;

function hasManyWriters(tx: Queries): boolean {
  return tx.getExecutor().adapter instanceof PostgresAdapter;
}

const userForUpdate = statement((db: Queries, p: Param<{ userId: string }>) =>
  db.selectFrom('users').select('id').where('id', '=', p.userId).forUpdate(),
);

const userForShare = statement((db: Queries, p: Param<{ userId: string }>) =>
  db.selectFrom('users').select('id').where('id', '=', p.userId).forShare(),
);

const sessionForShare = statement((db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('sessions').select('id').where('id', '=', p.id).forShare(),
);

const pendingForShare = statement((db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('pending_sign_ins').select('id').where('id', '=', p.id).forShare(),
);

const grantForShare = statement((db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('oidc_grants').select('id').where('id', '=', p.id).forShare(),
);

const clientForShare = statement((db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('oidc_clients').select('id').where('id', '=', p.id).forShare(),
);

const apiKeyForShare = statement((db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('api_keys').select('id').where('id', '=', p.id).forShare(),
);

const partnerForShare = statement((db: Queries, p: Param<{ partnerId: string }>) =>
  db.selectFrom('partners').select('id').where('id', '=', p.partnerId).forShare(),
);
