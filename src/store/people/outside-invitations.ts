import type { Insertable, Selectable } from 'kysely';
import { rowSearchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';
import type { OutsideInvitationTable } from '#store/people/tables.ts';
import { holds } from './search.ts';

type NewInvitation = Omit<Insertable<OutsideInvitationTable>, 'search_key'>;
export type OutsideInvitation = Selectable<OutsideInvitationTable>;

/** Stores an invitation to a person with an account elsewhere; a repeat updates the row. Returns the row's id. */
export async function keepOutsideInvitation(tx: Queries, invitation: NewInvitation): Promise<string> {
  const { partner_id, email, name, role } = invitation;
  const search_key = rowSearchKey(name, email);
  const { id } = await tx
    .insertInto('outside_invitations')
    .values({ ...invitation, search_key })
    .onConflict((conflict) => conflict.columns(['partner_id', 'email']).doUpdateSet({ name, role, search_key }))
    .returning('id')
    .executeTakeFirstOrThrow(() => new Error(`no invitation to ${email.length} characters at ${partner_id}`));
  return id;
}

export async function findOutsideInvitation(
  queries: Queries,
  id: string,
  partnerId: string,
): Promise<OutsideInvitation | undefined> {
  return queries
    .selectFrom('outside_invitations')
    .selectAll()
    .where('id', '=', id)
    .where('partner_id', '=', partnerId)
    .executeTakeFirst();
}

/** A partner's outside invitations by email, only those after `after`. The list of its people includes them. */
export async function listOutsideInvitations(
  queries: Queries,
  { partnerId, search }: { readonly partnerId: string; readonly search: string | undefined },
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly OutsideInvitation[]> {
  let query = queries.selectFrom('outside_invitations as o').selectAll().where('o.partner_id', '=', partnerId);
  if (after !== undefined) query = query.where('o.email', '>', after);
  if (search !== undefined) query = query.where(holds('o.search_key', search));
  return query.orderBy('o.email').limit(limit).execute();
}

export async function countOutsideInvitations(queries: Queries, partnerId: string): Promise<number> {
  const row = await queries
    .selectFrom('outside_invitations')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('partner_id', '=', partnerId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export async function setOutsideRole(tx: Queries, id: string, role: OutsideInvitationTable['role']): Promise<void> {
  await tx.updateTable('outside_invitations').set({ role }).where('id', '=', id).execute();
}

export async function deleteOutsideInvitation(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('outside_invitations').where('id', '=', id).execute();
}

/** Deletes the invitation when the person has joined this partner, because its list then has their own row. */
export async function forgetOutsideInvitation(tx: Queries, partnerId: string, email: string): Promise<void> {
  await tx.deleteFrom('outside_invitations').where('partner_id', '=', partnerId).where('email', '=', email).execute();
}
