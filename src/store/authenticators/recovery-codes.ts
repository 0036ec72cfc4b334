import type { RecoveryCodeTable } from '#store/authenticators/tables.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

export type RecoveryCode = {
  readonly id: string;
  readonly setId: string;
  readonly hash: string;
  readonly usedAt: number | undefined;
};

/** Replaces a user's codes. `sealedCopy` is null for the API, because its caller already has the codes. */
export async function replaceRecoveryCodes(
  tx: Queries,
  set: { id: string; userId: string; now: number; sealedCopy: string | null; copyExpiresAt: number | null },
  codes: readonly { id: string; tag: string; hash: string }[],
): Promise<void> {
  await tx.deleteFrom('recovery_codes').where('user_id', '=', set.userId).execute();
  await tx.deleteFrom('recovery_code_sets').where('user_id', '=', set.userId).execute();
  await tx
    .insertInto('recovery_code_sets')
    .values({
      id: set.id,
      user_id: set.userId,
      created_at: set.now,
      sealed_copy: set.sealedCopy,
      copy_expires_at: set.copyExpiresAt,
    })
    .execute();
  const rows: RecoveryCodeTable[] = codes.map((code) => ({
    ...code,
    set_id: set.id,
    user_id: set.userId,
    used_at: null,
  }));
  await tx.insertInto('recovery_codes').values(rows).execute();
}

/** The user's code that has one of these look-up tags, used or not. It never finds the code of another user. */
export async function findRecoveryCode(
  queries: Queries,
  userId: string,
  tags: readonly string[],
): Promise<RecoveryCode | undefined> {
  const row = await queries
    .selectFrom('recovery_codes')
    .selectAll()
    .where('user_id', '=', userId)
    .where('tag', 'in', tags)
    .executeTakeFirst();
  return row && { id: row.id, setId: row.set_id, hash: row.hash, usedAt: row.used_at ?? undefined };
}

/** The hash of any one of the user's codes, because all codes of a set have the same hash parameters. */
export async function findAnyCodeHash(queries: Queries, userId: string): Promise<string | undefined> {
  const row = await queries
    .selectFrom('recovery_codes')
    .select('hash')
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row?.hash;
}

/** Uses a recovery code: true once, then always false. The database enforces the "once". */
export async function claimRecoveryCode(tx: Queries, id: string, now: number): Promise<boolean> {
  return (await claim.run(tx, { id, now })) === 1;
}

const claim = statement((db: Queries, p: Param<{ id: string; now: number }>) =>
  db.updateTable('recovery_codes').set({ used_at: p.now }).where('id', '=', p.id).where('used_at', 'is', null),
);

export async function countRecoveryCodesLeft(queries: Queries, userId: string): Promise<number> {
  const row = await countLeft.first(queries, { userId });
  return Number(row?.left ?? 0);
}

const countLeft = statement((db: Queries, p: Param<{ userId: string }>) =>
  db
    .selectFrom('recovery_codes')
    .select((expression) => expression.fn.countAll().as('left'))
    .where('user_id', '=', p.userId)
    .where('used_at', 'is', null),
);

/** The person's set of codes: how many are left, and when it was made; `undefined` if there is none. */
export async function findRecoveryCodeSet(
  queries: Queries,
  userId: string,
): Promise<{ readonly left: number; readonly createdAt: number } | undefined> {
  const sets = queries.selectFrom('recovery_code_sets').select('created_at').where('user_id', '=', userId);
  const set = await sets.executeTakeFirst();
  return set && { left: await countRecoveryCodesLeft(queries, userId), createdAt: set.created_at };
}

/** The sealed copy of codes that the person has not yet acknowledged, with the id of their set. */
export type CodesCopy = { readonly setId: string; readonly sealedCopy: string };

export async function findCodesCopy(queries: Queries, userId: string, now: number): Promise<CodesCopy | undefined> {
  const row = await queries
    .selectFrom('recovery_code_sets')
    .select(['id', 'sealed_copy'])
    .where('user_id', '=', userId)
    .where('copy_expires_at', '>', now)
    .executeTakeFirst();
  return row?.sealed_copy ? { setId: row.id, sealedCopy: row.sealed_copy } : undefined;
}

/** Erases the copy after the person has chosen Done (`secure_delete` overwrites it). False when there was no copy. */
export async function eraseCodesCopy(tx: Queries, userId: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('recovery_code_sets')
    .set({ sealed_copy: null, copy_expires_at: null })
    .where('user_id', '=', userId)
    .where('copy_expires_at', 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Erases every expired copy. */
export async function eraseExpiredCodesCopies(tx: Queries, now: number): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('recovery_code_sets')
    .set({ sealed_copy: null, copy_expires_at: null })
    .where('copy_expires_at', '<=', now)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function deleteRecoveryCodes(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
  await tx.deleteFrom('recovery_code_sets').where('user_id', '=', userId).execute();
}

/** The number of people with an unused code that only this ring key can look up; without `keyId`, for all keys. */
export async function countCodeHolders(queries: Queries, keyId?: string): Promise<number> {
  let query = queries
    .selectFrom('recovery_codes')
    .select((e) => e.fn.count<number | bigint | string>('user_id').distinct().as('count'))
    .where('used_at', 'is', null);
  if (keyId !== undefined) query = query.where('tag', 'like', `${keyId}.%`);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** Marks as used every unused code that only this ring key can look up, or all unused codes; returns their number. */
export async function voidRecoveryCodes(tx: Queries, keyId: string | undefined, now: number): Promise<number> {
  let query = tx.updateTable('recovery_codes').set({ used_at: now }).where('used_at', 'is', null);
  if (keyId !== undefined) query = query.where('tag', 'like', `${keyId}.%`);
  return Number((await query.executeTakeFirst()).numUpdatedRows);
}
