import { PostgresAdapter, sql } from 'kysely';
import type { Queries } from './database.ts';
import { type Param, statement } from './statement.ts';

/**
 * Makes transactions that change one person's data run one after the other. Each of them calls this first.
 *
 * PostgreSQL runs transactions at READ COMMITTED: without this lock, "revoke every session" misses a session that
 * another transaction is creating. SQLite has only one writer and needs no lock. The person's row is locked before all
 * other rows, so that transactions cannot deadlock.
 *
 * @param userId may belong to nobody: then no row is locked, in the same time
 */
export async function lockUser(tx: Queries, userId: string): Promise<void> {
  if (hasManyWriters(tx)) await userForUpdate.send(tx, { userId });
}

/**
 * The same for an act of one person on another. The actor cannot change until the transaction ends, and only this
 * transaction can lock the subject. The lower id is locked first, so two people who act on each other cannot deadlock.
 *
 * @param subjectId may be the actor, belong to nobody, or be absent
 */
export async function lockActorAndSubject(tx: Queries, actorId: string, subjectId: string | undefined): Promise<void> {
  if (!hasManyWriters(tx)) return;
  if (subjectId !== undefined && subjectId < actorId) await userForUpdate.send(tx, { userId: subjectId });
  if (subjectId !== actorId) await userForShare.send(tx, { userId: actorId });
  if (subjectId !== undefined && subjectId >= actorId) await userForUpdate.send(tx, { userId: subjectId });
}

/** Locks a session until the transaction ends: a revocation is either committed before and visible here, or waits. */
export async function holdSession(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await sessionForShare.send(tx, { id });
}

/** The same for a pending sign-in. */
export async function holdPendingSignIn(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await pendingForShare.send(tx, { id });
}

/** The same for a grant: a token is stored before the grant is revoked and revoked with it, or not stored. */
export async function holdGrant(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await grantForShare.send(tx, { id });
}

/** The same for a client: a grant is stored before the client is disabled and revoked with it, or not stored. */
export async function holdClient(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await clientForShare.send(tx, { id });
}

/** The same for an API key. */
export async function holdApiKey(tx: Queries, id: string): Promise<void> {
  if (hasManyWriters(tx)) await apiKeyForShare.send(tx, { id });
}

/** Keeps a partner's policy unchanged until the transaction ends. Many transactions can hold it at the same time. */
export async function holdPartner(tx: Queries, partnerId: string): Promise<void> {
  if (hasManyWriters(tx)) await partnerForShare.send(tx, { partnerId });
}

/** Keeps the rules among the settings unchanged until the transaction ends. Many transactions can hold them at once. */
export async function holdRules(tx: Queries): Promise<void> {
  if (hasManyWriters(tx)) await sql`select pg_advisory_xact_lock_shared(${RULES})`.execute(tx);
}

/** A change of a rule: it waits for the transactions that hold the rules, and later ones wait for it. */
export async function lockRules(tx: Queries): Promise<void> {
  if (hasManyWriters(tx)) await sql`select pg_advisory_xact_lock(${RULES})`.execute(tx);
}

/** Makes transactions that create the first administrator, or may remove the last one, run one after the other. */
export async function lockAdministrators(tx: Queries): Promise<void> {
  await lockForAllNodes(tx);
}

/** The same for transactions that create a signing key: when two nodes try, only one creates it. */
export async function lockSigningKeys(tx: Queries): Promise<void> {
  await lockForAllNodes(tx);
}

/** The same for transactions that record a clock jump. */
export async function lockClockJumps(tx: Queries): Promise<void> {
  await lockForAllNodes(tx);
}

/** One lock is enough for these rare transactions. A node of an earlier version takes the same one. */
async function lockForAllNodes(tx: Queries): Promise<void> {
  if (hasManyWriters(tx)) await sql`select pg_advisory_xact_lock(${ALL_NODES})`.execute(tx);
}

/** "sally" in ASCII: any number that no other program uses in this database. */
const ALL_NODES = 0x73616c6c79;
/** "rules" in ASCII. */
const RULES = 0x72756c6573;

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
