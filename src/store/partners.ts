import type { PartnerTable, Queries } from './database.ts';
import type { Partner } from './users.ts';

/** Adds a partner; false where the slug is taken, even if it has just been. */
export async function createPartner(tx: Queries, partner: PartnerTable): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('partners')
    .values(partner)
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function findPartnerBySlug(queries: Queries, slug: string): Promise<Partner | undefined> {
  const row = await queries.selectFrom('partners').selectAll().where('slug', '=', slug).executeTakeFirst();
  return row && partnerFrom(row);
}

export async function listPartners(queries: Queries): Promise<readonly Partner[]> {
  const rows = await queries.selectFrom('partners').selectAll().orderBy('slug').execute();
  return rows.map(partnerFrom);
}

export async function setMfaPolicy(
  tx: Queries,
  partnerId: string,
  mfa: { policy: PartnerTable['mfa_policy']; requiredFrom: number | undefined },
): Promise<void> {
  await tx
    .updateTable('partners')
    .set({ mfa_policy: mfa.policy, mfa_required_from: mfa.requiredFrom ?? null })
    .where('id', '=', partnerId)
    .execute();
}

/**
 * The partner as it is, held until the end of the transaction.
 *
 * An update that changes nothing is the lock that both databases know: whoever changes the policy, or skips
 * because of it, waits here for the other.
 */
export async function lockPartner(tx: Queries, partnerId: string): Promise<Partner | undefined> {
  const row = await tx
    .updateTable('partners')
    .set((expression) => ({ name: expression.ref('name') }))
    .where('id', '=', partnerId)
    .returningAll()
    .executeTakeFirst();
  return row && partnerFrom(row);
}

function partnerFrom(row: PartnerTable): Partner {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    policy: row.mfa_policy,
    requiredFrom: row.mfa_required_from ?? undefined,
  };
}
