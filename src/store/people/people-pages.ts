import { type PersonState, personState } from '#core/people/state.ts';
import type { Queries } from '#store/engine/database.ts';
import type { UserTable } from '#store/people/tables.ts';
import { holds } from './search.ts';
import { appCount, enrolledAt, isEnrolled, isInState, isMissing, isOpen, passkeyCount } from './state.ts';
import { type Person, partnerColumns, partnerOf, userColumns, userOf } from './users.ts';

export type PeopleFilter = {
  readonly partnerId: string;
  readonly search: string | undefined;
  readonly state: 'missing' | 'enrolled' | 'invited' | 'exempt' | 'disabled' | undefined;
};

/** A person as shown in lists. */
export type PersonRow = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: UserTable['role'];
  readonly state: PersonState;
  readonly hasPassword: boolean;
  /** When this person was disabled, independent of their partner. */
  readonly disabledAt: number | undefined;
  readonly enrolledAt: number | undefined;
  /** How many of each kind; which ones they are concerns only the person. */
  readonly apps: number;
  readonly passkeys: number;
  readonly codesLeft: number;
  readonly lastSignInAt: number | undefined;
  readonly exemptUntil: number | undefined;
  readonly exemptReason: string | undefined;
  /** When this person was last reminded of MFA, by anybody. */
  readonly remindedAt: number | undefined;
};

/** One page of a partner's people by email, only those after `after`. */
export async function listPeoplePage(
  queries: Queries,
  filter: PeopleFilter,
  page: { readonly after: string | undefined; readonly limit: number; readonly now: number },
): Promise<readonly PersonRow[]> {
  let query = people(queries).where('u.partner_id', '=', filter.partnerId).orderBy('u.email').limit(page.limit);
  if (page.after !== undefined) query = query.where('u.email', '>', page.after);
  if (filter.search !== undefined) query = query.where(holds('u.search_key', filter.search));
  if (filter.state === 'disabled' || filter.state === 'invited') query = query.where(isInState(filter.state));
  else if (filter.state !== undefined) query = query.where(isOpen);
  if (filter.state === 'missing') query = query.where(isMissing);
  if (filter.state === 'enrolled') query = query.where(isEnrolled);
  if (filter.state === 'exempt') query = query.where('u.exempt_until', '>', page.now);
  return (await query.execute()).map(rowOf);
}

/** All staff of the portal's owner, administrators first. */
export async function listStaff(queries: Queries): Promise<readonly PersonRow[]> {
  const staff = people(queries).where('u.partner_id', 'is', null).where('u.role', 'in', ['csm', 'admin']);
  return (await staff.orderBy('u.role').orderBy('u.email').execute()).map(rowOf);
}

export async function findPersonRow(queries: Queries, userId: string): Promise<PersonRow | undefined> {
  const row = await people(queries).where('u.id', '=', userId).executeTakeFirst();
  return row && rowOf(row);
}

/** The names of people by id, for lists that contain only ids. */
export async function listNames(queries: Queries, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await queries.selectFrom('users').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

function people(queries: Queries) {
  return queries
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select(['u.id', 'u.email', 'u.name', 'u.role', 'u.disabled_at', 'u.sealed_password', 'u.last_sign_in_at'])
    .select(['u.exempt_until', 'u.exempt_reason', 'u.reminded_at', 'p.archived_at'])
    .select([enrolledAt.as('enrolled_at'), appCount.as('apps'), passkeyCount.as('passkeys')])
    .select((each) =>
      each
        .selectFrom('recovery_codes as c')
        .select((all) => all.fn.countAll<number | string>().as('left'))
        .whereRef('c.user_id', '=', 'u.id')
        .where('c.used_at', 'is', null)
        .as('codes_left'),
    );
}

type Row = Awaited<ReturnType<ReturnType<typeof people>['executeTakeFirstOrThrow']>>;

function rowOf(row: Row): PersonRow {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    state: personState({
      user: { disabledAt: row.disabled_at, sealedPassword: row.sealed_password },
      partner: { archivedAt: row.archived_at },
    }),
    hasPassword: row.sealed_password !== null,
    disabledAt: row.disabled_at ?? undefined,
    enrolledAt: row.enrolled_at ?? undefined,
    apps: Number(row.apps),
    passkeys: Number(row.passkeys),
    codesLeft: Number(row.codes_left ?? 0),
    lastSignInAt: row.last_sign_in_at ?? undefined,
    exemptUntil: row.exempt_until ?? undefined,
    exemptReason: row.exempt_reason ?? undefined,
    remindedAt: row.reminded_at ?? undefined,
  };
}

/** What `user list` and the API show about a person. */
export type ListedUser = Person & { readonly enrolledAt: number | undefined };

export async function listUsers(queries: Queries, partnerId?: string): Promise<readonly ListedUser[]> {
  let query = queries
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select([...userColumns, ...partnerColumns])
    .select(enrolledAt.as('enrolled_at'))
    .orderBy('u.email');
  if (partnerId !== undefined) query = query.where('u.partner_id', '=', partnerId);
  const rows = await query.execute();
  return rows.map((row) => ({ user: userOf(row), partner: partnerOf(row), enrolledAt: row.enrolled_at ?? undefined }));
}
