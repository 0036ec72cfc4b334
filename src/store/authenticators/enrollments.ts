import type { Insertable } from 'kysely';
import { deleteChallenges } from '#store/authenticators/passkeys.ts';
import type { EnrollmentTable } from '#store/authenticators/tables.ts';
import type { Queries } from '#store/engine/database.ts';

/** A secret that was shown but not yet confirmed. Its owner is one pending sign-in or one session. */
export type Enrollment = {
  readonly id: string;
  readonly userId: string;
  readonly ownerId: string;
  readonly sealedSecret: string;
  readonly expiresAt: number;
  readonly tries: number;
  readonly lastRefusal: string | undefined;
  readonly name: string | undefined;
};

export async function findEnrollment(queries: Queries, ownerId: string): Promise<Enrollment | undefined> {
  const row = await queries.selectFrom('enrollments').selectAll().where('owner_id', '=', ownerId).executeTakeFirst();
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      ownerId: row.owner_id,
      sealedSecret: row.sealed_secret,
      expiresAt: row.expires_at,
      tries: row.tries,
      lastRefusal: row.last_refusal ?? undefined,
      name: row.name ?? undefined,
    }
  );
}

/** At most one per owner. If two requests start together, the second writes nothing and reads the first one's row. */
export async function createEnrollment(tx: Queries, enrollment: Insertable<EnrollmentTable>): Promise<void> {
  await tx
    .insertInto('enrollments')
    .values(enrollment)
    .onConflict((conflict) => conflict.column('owner_id').doNothing())
    .execute();
}

/** Reserves one of the `limit` tries; false when no try is left or the enrollment has expired. */
export async function reserveEnrollmentTry(tx: Queries, id: string, limit: number, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('enrollments')
    .set((expression) => ({ tries: expression('tries', '+', 1) }))
    .where('id', '=', id)
    .where('tries', '<', limit)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Reserves the confirmation for one request until `until`. Only that request may hash recovery codes. */
export async function claimConfirmation(tx: Queries, id: string, until: number, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('enrollments')
    .set({ confirming_until: until })
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .where((where) => where.or([where('confirming_until', 'is', null), where('confirming_until', '<=', now)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Returns the reservation and the try, because the code was right but another check (the hash queue) refused. */
export async function releaseConfirmation(tx: Queries, id: string): Promise<void> {
  await tx
    .updateTable('enrollments')
    .set((expression) => ({ confirming_until: null, tries: expression('tries', '-', 1) }))
    .where('id', '=', id)
    .execute();
}

export async function rememberEnrollmentRefusal(tx: Queries, id: string, refusal: string): Promise<void> {
  await tx.updateTable('enrollments').set({ last_refusal: refusal }).where('id', '=', id).execute();
}

/** Gives the app another name before it is confirmed. */
export async function nameEnrollment(tx: Queries, id: string, name: string): Promise<void> {
  await tx.updateTable('enrollments').set({ name }).where('id', '=', id).execute();
}

/** Consumes the enrollment: true once, then always false; false also after it has expired. */
export async function consumeEnrollment(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('enrollments')
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Deletes the owner's enrollment, expired or not, so that a new secret can be created. */
export async function deleteEnrollment(tx: Queries, ownerId: string): Promise<void> {
  await tx.deleteFrom('enrollments').where('owner_id', '=', ownerId).execute();
}

/** Deletes every unfinished set-up of a user, so that nobody can finish one that another person began. */
export async function deleteEnrollments(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('enrollments').where('user_id', '=', userId).execute();
  await deleteChallenges(tx, userId);
}
