import { type Insertable, type Selectable, sql } from 'kysely';
import type { PartnerSettings } from '#core/bulk/partner-change.ts';
import type { PasskeyPolicy } from '#core/people/policy.ts';
import { reminderDaysFrom } from '#core/people/reminder-days.ts';
import { rowSearchKey, searchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';
import { lookOf } from '#store/partners/looks.ts';
import type { PartnerTable } from '#store/partners/tables.ts';
import type { Partner } from '#store/people/users.ts';

export type NewPartner = Pick<
  Insertable<PartnerTable>,
  'id' | 'slug' | 'name' | 'mfa_policy' | 'mfa_required_from' | 'created_at'
>;

/** Adds a partner; false if the slug is taken, even by a transaction at the same time. */
export async function createPartner(tx: Queries, partner: NewPartner): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('partners')
    .values({ ...partner, search_key: rowSearchKey(partner.name, partner.slug) })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function findPartnerBySlug(queries: Queries, slug: string): Promise<Partner | undefined> {
  const row = await queries.selectFrom('partners').selectAll().where('slug', '=', slug).executeTakeFirst();
  return row && partnerFrom(row);
}

/** The partners with these slugs, ordered by slug. */
export async function listPartnersBySlug(queries: Queries, slugs: readonly string[]): Promise<readonly Partner[]> {
  if (slugs.length === 0) return [];
  const rows = await queries.selectFrom('partners').selectAll().where('slug', 'in', slugs).orderBy('slug').execute();
  return rows.map(partnerFrom);
}

export async function findPartner(queries: Queries, id: string): Promise<Partner | undefined> {
  const row = await queries.selectFrom('partners').selectAll().where('id', '=', id).executeTakeFirst();
  return row && partnerFrom(row);
}

/** The partner with this name, ignoring case and accents; the oldest one if there are several. */
export async function findPartnerByName(queries: Queries, name: string): Promise<Partner | undefined> {
  const row = await queries
    .selectFrom('partners')
    .selectAll()
    // In the key, a line break follows the name. The next character after it ends the range.
    .where('search_key', '>=', `${searchKey(name)}\n`)
    .where('search_key', '<', `${searchKey(name)}\v`)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row && partnerFrom(row);
}

/** All slugs that begin with `slug-`. */
export async function listNumberedSlugs(queries: Queries, slug: string): Promise<readonly string[]> {
  // `.` is the next character after the hyphen, so it ends the range.
  const query = queries
    .selectFrom('partners')
    .select('slug')
    .where('slug', '>', `${slug}-`)
    .where('slug', '<', `${slug}.`);
  return (await query.execute()).map((row) => row.slug);
}

/** The names of partners by id, for lists that contain only ids. */
export async function listPartnerNames(queries: Queries, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await queries.selectFrom('partners').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** The slugs of partners in alphabetical order, for data that contains only ids. */
export async function listPartnerSlugs(queries: Queries, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const rows = await queries.selectFrom('partners').select('slug').where('id', 'in', ids).orderBy('slug').execute();
  return rows.map(({ slug }) => slug);
}

export async function setPartnerName(tx: Queries, { id, slug }: Partner, name: string): Promise<void> {
  const search_key = rowSearchKey(name, slug);
  await tx.updateTable('partners').set({ name, search_key }).where('id', '=', id).execute();
}

/** Who looks after a partner, and what staff noted about it. */
export async function findNotes(
  queries: Queries,
  partnerId: string,
): Promise<{ readonly owner: string | undefined; readonly notes: string }> {
  const row = await queries
    .selectFrom('partners')
    .select(['owner_id', 'notes'])
    .where('id', '=', partnerId)
    .executeTakeFirst();
  return { owner: row?.owner_id ?? undefined, notes: row?.notes ?? '' };
}

export async function setNotes(
  tx: Queries,
  partnerId: string,
  { owner, notes }: { readonly owner: string | undefined; readonly notes: string },
): Promise<void> {
  await tx
    .updateTable('partners')
    .set({ owner_id: owner ?? null, notes })
    .where('id', '=', partnerId)
    .execute();
}

/** Whether people of this partner need no temporary access code after a reset. */
export async function resetsWithoutCode(queries: Queries, partnerId: string): Promise<boolean> {
  const row = await queries
    .selectFrom('partners')
    .select('resets_without_code')
    .where('id', '=', partnerId)
    .executeTakeFirst();
  return row?.resets_without_code === 1;
}

export async function setResetsWithoutCode(tx: Queries, partnerId: string, without: boolean): Promise<void> {
  await tx
    .updateTable('partners')
    .set({ resets_without_code: without ? 1 : 0 })
    .where('id', '=', partnerId)
    .execute();
}

/** Sets whether people of this partner may trust a device. False if nothing changed. */
export async function setTrustedDevices(tx: Queries, partnerId: string, allowed: boolean): Promise<boolean> {
  const [from, to] = allowed ? [0, 1] : [1, 0];
  const update = tx.updateTable('partners').set({ trusted_devices: to }).where('id', '=', partnerId);
  return (await update.where('trusted_devices', '=', from).executeTakeFirst()).numUpdatedRows === 1n;
}

/** What a bulk change of these partners begins with, by id. */
export async function listPartnerSettings(
  queries: Queries,
  by: { readonly ids: readonly string[] } | { readonly slugs: readonly string[] },
): Promise<readonly (Partner & PartnerSettings)[]> {
  const [column, values] = 'ids' in by ? (['id', by.ids] as const) : (['slug', by.slugs] as const);
  if (values.length === 0) return [];
  const rows = await queries.selectFrom('partners').selectAll().where(column, 'in', values).execute();
  return rows.map((row) => ({ ...partnerFrom(row), reminders: reminderDaysFrom(row.reminder_days) }));
}

/** Sets or clears the time since which nobody of the partner can sign in. False if nothing changed. */
export async function setArchived(tx: Queries, partnerId: string, archivedAt: number | undefined): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('partners')
    .set({ archived_at: archivedAt ?? null })
    .where('id', '=', partnerId)
    .where('archived_at', archivedAt === undefined ? 'is not' : 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function listPartners(queries: Queries): Promise<readonly Partner[]> {
  const rows = await queries.selectFrom('partners').selectAll().orderBy('slug').execute();
  return rows.map(partnerFrom);
}

/** Sets the policy. A partner that is required already keeps the moment since when it is. */
export async function setMfaPolicy(
  tx: Queries,
  partnerId: string,
  mfa: { policy: PartnerTable['mfa_policy']; requiredFrom: number | undefined },
  now: number,
): Promise<void> {
  const { policy, requiredFrom } = mfa;
  const isNow = policy === 'required' && requiredFrom === undefined;
  const kept = sql<number>`case when mfa_policy = 'required' and (mfa_required_from is null or mfa_required_from <= ${now})
    then ${requiredSince('partners')} else ${now} end`;
  await tx
    .updateTable('partners')
    .set({ mfa_policy: policy, mfa_required_from: requiredFrom ?? null, required_since: isNow ? kept : null })
    .where('id', '=', partnerId)
    .execute();
}

export async function setPasskeyPolicy(
  tx: Queries,
  partnerId: string,
  { policy, requiredFrom }: { policy: PasskeyPolicy; requiredFrom: number | undefined },
): Promise<void> {
  await tx
    .updateTable('partners')
    .set({ passkey_policy: policy, passkey_required_from: requiredFrom ?? null })
    .where('id', '=', partnerId)
    .execute();
}

/** Since when MFA is required: the date, the change of the policy, or the creation. */
export function requiredSince(table: 'p' | 'partners') {
  const column = (name: string) => sql.ref(`${table}.${name}`);
  return sql<number>`coalesce(${column('mfa_required_from')}, ${column('required_since')}, ${column('created_at')})`;
}

/**
 * Reads the partner and locks it until the transaction ends.
 *
 * An update that changes nothing is a lock that works in both databases: a transaction that changes the policy, and one
 * that skips enrollment because of it, wait for each other here.
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

export function partnerFrom(row: Selectable<PartnerTable>): Partner {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    policy: row.mfa_policy,
    requiredFrom: row.mfa_required_from ?? undefined,
    archivedAt: row.archived_at ?? undefined,
    passkeyPolicy: row.passkey_policy,
    passkeyRequiredFrom: row.passkey_required_from ?? undefined,
    trustedDevices: row.trusted_devices === 1,
    ...lookOf(row.look),
  };
}
