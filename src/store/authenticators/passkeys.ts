import type { Insertable } from 'kysely';
import type { NewAuthenticator } from '#store/authenticators/authenticators.ts';
import { createAuthenticator } from '#store/authenticators/authenticators.ts';
import type { PasskeyChallengeTable, PasskeyTable } from '#store/authenticators/tables.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

/**
 * Creates a passkey. False if its slot is taken, or if a person already has this credential id: the unique indexes let
 * only one of several requests succeed.
 */
export async function createPasskey(
  tx: Queries,
  authenticator: NewAuthenticator,
  passkey: Insertable<PasskeyTable>,
): Promise<boolean> {
  const taken = tx.selectFrom('passkeys').select('id').where('credential_id', '=', passkey.credential_id);
  if (await taken.executeTakeFirst()) return false;
  if (!(await createAuthenticator(tx, authenticator))) return false;
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('passkeys')
    .values(passkey)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** What a use of a passkey changes. */
type Use = { readonly id: string; readonly counter: number; readonly backedUp: boolean; readonly now: number };

/**
 * Stores a use, in the transaction of what it opens. False if the passkey is gone, or if another request has stored
 * another counter since this one was read: of two devices with one key only one continues.
 *
 * @param readCounter the stored counter that the assertion was judged by
 */
export async function notePasskeyUse(tx: Queries, use: Use, readCounter: number): Promise<boolean> {
  const { id, counter, backedUp, now } = use;
  const updated = await updateUse.run(tx, { id, counter, backedUp: backedUp ? 1 : 0, readCounter });
  if (updated === 1) await updateLastUsed.send(tx, { id, now });
  return updated === 1;
}

const updateUse = statement(
  (db: Queries, p: Param<{ id: string; counter: number; backedUp: number; readCounter: number }>) =>
    db
      .updateTable('passkeys')
      .set({ counter: p.counter, backed_up: p.backedUp })
      .where('id', '=', p.id)
      .where('counter', '=', p.readCounter),
);

const updateLastUsed = statement((db: Queries, p: Param<{ id: string; now: number }>) =>
  db.updateTable('authenticators').set({ last_used_at: p.now }).where('id', '=', p.id),
);

/** What a challenge is bound to. All of it must fit again at its use; null fits only null. */
export type ChallengeBinding = Pick<PasskeyChallengeTable, 'purpose' | 'owner_id' | 'browser'>;

export async function createChallenge(tx: Queries, challenge: PasskeyChallengeTable): Promise<void> {
  await tx.insertInto('passkey_challenges').values(challenge).execute();
}

/** Uses a challenge up and returns it once, then never again; nothing when it is over or bound to something else. */
export async function consumeChallenge(
  tx: Queries,
  { purpose, owner_id, browser }: ChallengeBinding,
  challengeHash: string,
  now: number,
): Promise<{ readonly id: string; readonly name: string | null } | undefined> {
  return tx
    .deleteFrom('passkey_challenges')
    .where('challenge_hash', '=', challengeHash)
    .where('purpose', '=', purpose)
    .where('owner_id', owner_id === null ? 'is' : '=', owner_id)
    .where('browser', browser === null ? 'is' : '=', browser)
    .where('expires_at', '>', now)
    .returning(['id', 'name'])
    .executeTakeFirst();
}

/** Deletes all except the `keep` newest challenges of an owner. */
export async function evictChallenges(tx: Queries, ownerId: string, keep: number): Promise<void> {
  await tx
    .deleteFrom('passkey_challenges')
    .where('owner_id', '=', ownerId)
    .where('id', 'not in', (newest) =>
      newest
        .selectFrom('passkey_challenges')
        .select('id')
        .where('owner_id', '=', ownerId)
        .orderBy('id', 'desc')
        .limit(keep),
    )
    .execute();
}

/** Deletes every challenge of a user. */
export async function deleteChallenges(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('passkey_challenges').where('user_id', '=', userId).execute();
}
