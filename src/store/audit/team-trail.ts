import type { AuditAction } from '#core/audit/actions.ts';
import type { Queries } from '#store/engine/database.ts';

/** Events of one page are looked for among so many of the partner's events, because most are sign-ins of its people. */
const LOOKED_AT = 2000;

export type TrailRow = {
  readonly id: string;
  readonly at: number;
  readonly action: string;
  readonly actor: string | undefined;
  readonly subject: string | undefined;
};

type Page = { readonly actions: readonly AuditAction[]; readonly before: string | undefined; readonly limit: number };

/**
 * The newest events of a partner with one of these actions, and where the next page begins, if there may be more. Reads
 * neither client nor detail: a manager sees no address, browser or reason.
 */
export async function listTrail(
  queries: Queries,
  partnerId: string,
  { actions, before, limit }: Page,
): Promise<{ readonly rows: readonly TrailRow[]; readonly next: string | undefined }> {
  let recent = queries.selectFrom('audit_events').select('id').where('partner', '=', partnerId);
  if (before !== undefined) recent = recent.where('id', '<', before);
  const ordered = recent.orderBy('id', 'desc');
  const edge = await ordered.offset(LOOKED_AT).limit(1).executeTakeFirst();
  let query = queries
    .selectFrom('audit_events')
    .select(['id', 'at', 'action', 'actor', 'subject'])
    .where('partner', '=', partnerId)
    .where('action', 'in', actions);
  if (before !== undefined) query = query.where('id', '<', before);
  if (edge) query = query.where('id', '>', edge.id);
  const found = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const rows = found.slice(0, limit).map(({ actor, subject, ...row }) => ({
    ...row,
    actor: actor ?? undefined,
    subject: subject ?? undefined,
  }));
  const isCut = found.length > limit;
  // One more than the edge, so that the edge itself is on the next page.
  return { rows, next: isCut ? rows.at(-1)?.id : edge && `${edge.id}~` };
}

/** Name and whether the person has ever set a password, of those people of this partner who are among these ids. */
export async function listOwnNames(
  queries: Queries,
  partnerId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, { readonly name: string; readonly isInvited: boolean }>> {
  if (ids.length === 0) return new Map();
  const rows = await queries
    .selectFrom('users')
    .select(['id', 'name', 'sealed_password'])
    .where('partner_id', '=', partnerId)
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, name, sealed_password }) => [id, { name, isInvited: sealed_password === null }]));
}
