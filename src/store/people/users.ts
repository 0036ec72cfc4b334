import type { PasskeyPolicy } from '#core/people/policy.ts';
import { rowSearchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { lookOf } from '#store/partners/looks.ts';
import type { PartnerTable } from '#store/partners/tables.ts';
import type { UserTable } from '#store/people/tables.ts';

/** A person who signs in. Staff have no partner. */
export type User = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: UserTable['role'];
  readonly partnerId: string | undefined;
  readonly locale: string | undefined;
  readonly sealedPassword: string | undefined;
  /** When this person was disabled. `shutOutBecause` also checks their partner. */
  readonly disabledAt: number | undefined;
  readonly mfaSkippedAt: number | undefined;
  /** The end of the exemption from enrollment. */
  readonly exemptUntil?: number | undefined;
  /** When a link was last used to set the password. */
  readonly passwordResetAt?: number | undefined;
};

/** The customer company. */
export type Partner = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly policy: PartnerTable['mfa_policy'];
  readonly requiredFrom: number | undefined;
  readonly archivedAt?: number | undefined;
  /** Absent: `allowed`. */
  readonly passkeyPolicy?: PasskeyPolicy;
  readonly passkeyRequiredFrom?: number | undefined;
  /** Whether its people may trust a device. */
  readonly trustedDevices: boolean;
  /** What its people see instead of the service; absent if nothing was set. */
  readonly look?: ReturnType<typeof lookOf>['look'];
};

export type Person = { readonly user: User; readonly partner: Partner | undefined };

/** Columns of `users as u` and `partners as p`, for every statement that joins them. */
export const userColumns = [
  'u.id as user_id',
  'u.email',
  'u.name',
  'u.role',
  'u.partner_id',
  'u.locale',
  'u.sealed_password',
  'u.disabled_at',
  'u.mfa_skipped_at',
  'u.exempt_until',
  'u.password_reset_at',
] as const;

export const partnerColumns = [
  'p.slug as partner_slug',
  'p.name as partner_name',
  'p.mfa_policy',
  'p.mfa_required_from',
  'p.archived_at as partner_archived_at',
  'p.passkey_policy',
  'p.passkey_required_from',
  'p.trusted_devices',
  'p.look as partner_look',
] as const;

type UserRow = Omit<
  UserTable,
  | 'id'
  | 'created_at'
  | 'exempt_reason'
  | 'last_sign_in_at'
  | 'reminded_at'
  | 'created_by'
  | 'search_key'
  | 'email_proven'
  | 'passkey_offered_at'
  | 'password_set_at'
> & {
  user_id: string;
};

type PartnerRow = {
  partner_id: string | null;
  partner_slug: string | null;
  partner_name: string | null;
  mfa_policy: PartnerTable['mfa_policy'] | null;
  mfa_required_from: number | null;
  partner_archived_at: number | null;
  passkey_policy: PasskeyPolicy | null;
  passkey_required_from: number | null;
  trusted_devices: number | null;
  partner_look: string | null;
};

export function userOf(row: UserRow): User {
  return {
    id: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    partnerId: row.partner_id ?? undefined,
    locale: row.locale ?? undefined,
    sealedPassword: row.sealed_password ?? undefined,
    disabledAt: row.disabled_at ?? undefined,
    mfaSkippedAt: row.mfa_skipped_at ?? undefined,
    exemptUntil: row.exempt_until ?? undefined,
    passwordResetAt: row.password_reset_at ?? undefined,
  };
}

export function partnerOf(row: PartnerRow): Partner | undefined {
  if (row.partner_id === null || row.partner_slug === null || row.partner_name === null || row.mfa_policy === null) {
    return undefined;
  }
  return {
    id: row.partner_id,
    slug: row.partner_slug,
    name: row.partner_name,
    policy: row.mfa_policy,
    requiredFrom: row.mfa_required_from ?? undefined,
    archivedAt: row.partner_archived_at ?? undefined,
    passkeyPolicy: row.passkey_policy ?? 'allowed',
    passkeyRequiredFrom: row.passkey_required_from ?? undefined,
    trustedDevices: row.trusted_devices === 1,
    ...lookOf(row.partner_look),
  };
}

/** @param email in the form that `canonicalEmail` returns */
export async function findPersonByEmail(queries: Queries, email: string): Promise<Person | undefined> {
  const row = await findByEmail.first(queries, { email });
  return row && { user: userOf(row), partner: partnerOf(row) };
}

const findByEmail = statement((db: Queries, p: Param<{ email: string }>) =>
  db
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select([...userColumns, ...partnerColumns])
    .where('u.email', '=', p.email),
);

/** The partner of each of these emails that somebody has; null for staff. */
export async function listPartnersOfEmails(
  queries: Queries,
  emails: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (emails.length === 0) return new Map();
  const rows = await queries.selectFrom('users').select(['email', 'partner_id']).where('email', 'in', emails).execute();
  return new Map(rows.map(({ email, partner_id }) => [email, partner_id]));
}

export async function findPerson(queries: Queries, userId: string): Promise<Person | undefined> {
  const row = await findById.first(queries, { userId });
  return row && { user: userOf(row), partner: partnerOf(row) };
}

const findById = statement((db: Queries, p: Param<{ userId: string }>) =>
  db
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select([...userColumns, ...partnerColumns])
    .where('u.id', '=', p.userId),
);

type Later =
  | ('exempt_until' | 'exempt_reason' | 'last_sign_in_at' | 'password_reset_at' | 'reminded_at')
  | ('created_by' | 'search_key' | 'email_proven' | 'passkey_offered_at' | 'password_set_at');
export type NewUser = Omit<UserTable, Later> & Partial<Pick<UserTable, 'created_by' | 'password_set_at'>>;

/** Adds a person; false if the email is taken, even by a transaction at the same time. */
export async function createUser(tx: Queries, user: NewUser): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('users')
    .values({ ...user, search_key: rowSearchKey(user.name, user.email) })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Up to `limit` email addresses after `after`, in alphabetical order. */
export async function listEmails(queries: Queries, after: string, limit: number): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('users')
    .select('email')
    .where('email', '>', after)
    .orderBy('email')
    .limit(limit)
    .execute();
  return rows.map(({ email }) => email);
}

/**
 * Replaces the password `from`. When two changes happen at the same time, only one succeeds.
 *
 * `chosenAt` is absent when the password stays and only its hash is new.
 */
export async function replacePassword(
  tx: Queries,
  userId: string,
  change: { from: string | undefined; to: string; chosenAt: number | undefined },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ sealed_password: change.to, ...(change.chosenAt !== undefined && { password_set_at: change.chosenAt }) })
    .where('id', '=', userId)
    .where('disabled_at', 'is', null)
    .where('sealed_password', change.from === undefined ? 'is' : '=', change.from ?? null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** When the person last chose the password; undefined if nobody recorded it. */
export async function findPasswordSetAt(queries: Queries, userId: string): Promise<number | undefined> {
  const row = await queries.selectFrom('users').select('password_set_at').where('id', '=', userId).executeTakeFirst();
  return row?.password_set_at ?? undefined;
}

export async function noteSignIn(tx: Queries, userId: string, now: number): Promise<void> {
  await signedIn.send(tx, { userId, now });
}

const signedIn = statement((db: Queries, p: Param<{ userId: string; now: number }>) =>
  db.updateTable('users').set({ last_sign_in_at: p.now }).where('id', '=', p.userId),
);

export async function setUserLocale(tx: Queries, userId: string, locale: string): Promise<void> {
  await tx.updateTable('users').set({ locale }).where('id', '=', userId).execute();
}

export async function userExists(queries: Queries, userId: string): Promise<boolean> {
  return (await findId.first(queries, { userId })) !== undefined;
}

const findId = statement((db: Queries, p: Param<{ userId: string }>) =>
  db.selectFrom('users').select('id').where('id', '=', p.userId),
);

/** Whether an administrator exists, also invited or disabled. The first-administrator link needs that none exists. */
export async function administratorExists(queries: Queries): Promise<boolean> {
  const row = await queries.selectFrom('users').select('id').where('role', '=', 'admin').limit(1).executeTakeFirst();
  return row !== undefined;
}
