import type { PersonState } from '#core/people/state.ts';
import type { LoggedEvent } from '#store/audit/log.ts';
import type { Queries } from '#store/engine/database.ts';
import { idPast, leastIdFrom } from '#store/engine/event-ids.ts';
import type { PartnerTable } from '#store/partners/tables.ts';
import type { ListedUser } from '#store/people/people-pages.ts';
import { disabledIds, enrolledAt, isEnrolled, isInState, isMissing } from '#store/people/state.ts';
import type { UserTable } from '#store/people/tables.ts';
import { type Partner, partnerColumns, partnerOf, userColumns, userOf } from '#store/people/users.ts';
import { partnerFrom } from './partners.ts';

/** Rows after the previous page, by id. Ids sort by age, so a growing list loses no row. */
export type Page = { readonly afterId: string; readonly limit: number };

export type PartnerSelection = {
  readonly slug?: string | undefined;
  readonly policy?: PartnerTable['mfa_policy'] | undefined;
  readonly archived: boolean;
};

export async function listPartnersAfter(
  queries: Queries,
  { slug, policy, archived }: PartnerSelection,
  { afterId, limit }: Page,
): Promise<readonly Partner[]> {
  let query = queries.selectFrom('partners').selectAll().where('id', '>', afterId).orderBy('id').limit(limit);
  query = query.where('archived_at', archived ? 'is not' : 'is', null);
  if (slug !== undefined) query = query.where('slug', '=', slug);
  if (policy !== undefined) query = query.where('mfa_policy', '=', policy);
  return (await query.execute()).map(partnerFrom);
}

export type UserSelection = {
  readonly id?: string | undefined;
  readonly email?: string | undefined;
  readonly partner?: string | undefined;
  readonly role?: UserTable['role'] | undefined;
  readonly state?: PersonState | undefined;
  readonly mfa?: 'enrolled' | 'missing' | undefined;
};

/** People of partners, without staff. */
export async function listUsersAfter(
  queries: Queries,
  { id, email, partner, role, state, mfa }: UserSelection,
  { afterId, limit }: Page,
): Promise<readonly ListedUser[]> {
  let query = queries
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .select([...userColumns, ...partnerColumns])
    .select(enrolledAt.as('enrolled_at'))
    // Not `in ('member', 'manager')`: nearly everybody matches that, so an index of roles would lose the order by id.
    .where('u.role', 'not in', ['csm', 'admin'])
    .where('u.id', '>', afterId)
    .orderBy('u.id')
    .limit(limit);
  if (id !== undefined) query = query.where('u.id', '=', id);
  if (email !== undefined) query = query.where('u.email', '=', email);
  if (partner !== undefined) {
    query = query.where('u.partner_id', '=', (one) =>
      one.selectFrom('partners').select('id').where('slug', '=', partner),
    );
  }
  if (role !== undefined) query = query.where('u.role', '=', role);
  if (mfa !== undefined) query = query.where(mfa === 'enrolled' ? isEnrolled : isMissing);
  if (state === 'disabled') query = query.where('u.id', 'in', disabledIds);
  else if (state !== undefined) query = query.where(isInState(state));
  const rows = await query.execute();
  return rows.map((row) => ({ user: userOf(row), partner: partnerOf(row), enrolledAt: row.enrolled_at ?? undefined }));
}

export type EventSelection = {
  readonly [Name in 'action' | 'actor' | 'subject' | 'partner' | 'outcome']?: string | undefined;
} & {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
};

/** What the API shows of an event: no address and no user agent. */
export type EventRow = Omit<LoggedEvent, 'client' | 'clientDigest' | 'proof' | 'batch'>;

export async function listEventsAfter(
  queries: Queries,
  { since, until, ...equal }: EventSelection,
  { afterId, limit }: Page,
): Promise<readonly EventRow[]> {
  let query = queries
    .selectFrom('audit_events')
    .select(['id', 'at', 'action', 'outcome', 'actor', 'subject', 'partner', 'request_id as requestId', 'detail'])
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit);
  for (const name of ['action', 'actor', 'subject', 'partner', 'outcome'] as const) {
    const value = equal[name];
    if (value !== undefined) query = query.where(name, '=', value);
  }
  // The condition on the id makes the index usable. The condition on the time gives the exact result.
  if (since !== undefined) query = query.where('at', '>=', since).where('id', '>=', leastIdFrom(since));
  if (until !== undefined) query = query.where('at', '<', until).where('id', '<', idPast(until));
  return query.execute();
}
