import type { Insertable } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { peopleOf, type Query } from '#store/sessions/endings.ts';
import type { TrustedDeviceTable } from '#store/sign-in/tables.ts';

/** A browser on which a person needs no second factor. */
export type TrustedDevice = {
  readonly id: string;
  readonly userId: string;
  readonly secretHash: string;
  readonly previousSecretHash: string | undefined;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
};

export async function createTrustedDevice(tx: Queries, device: Insertable<TrustedDeviceTable>): Promise<void> {
  await tx.insertInto('trusted_devices').values(device).execute();
}

/** The live devices with these ids, of any person. */
export async function findTrustedDevices(
  queries: Queries,
  ids: readonly string[],
  now: number,
): Promise<readonly TrustedDevice[]> {
  if (ids.length === 0) return [];
  const found = queries.selectFrom('trusted_devices').selectAll().where('id', 'in', ids);
  return (await found.where('expires_at', '>', now).execute()).map(deviceOf);
}

/** A person's live devices, the newest first. */
export async function listTrustedDevices(
  queries: Queries,
  userId: string,
  now: number,
): Promise<readonly TrustedDevice[]> {
  return (await listByUser.all(queries, { userId, now })).map(deviceOf);
}

const listByUser = statement((db: Queries, p: Param<{ userId: string; now: number }>) =>
  db
    .selectFrom('trusted_devices')
    .selectAll()
    .where('user_id', '=', p.userId)
    .where('expires_at', '>', p.now)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc'),
);

type Use = {
  readonly id: string;
  readonly userId: string;
  readonly authenticators: string;
  readonly from: string;
  readonly to: string;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly now: number;
};

/**
 * Uses a secret and replaces it: true for only one caller, before the absolute end, and only while the person has the
 * same authenticators.
 */
export async function rotateTrustedDevice(tx: Queries, use: Use): Promise<boolean> {
  return (await rotate.run(tx, use)) === 1;
}

const rotate = statement((db: Queries, p: Param<Use>) =>
  db
    .updateTable('trusted_devices')
    .set({
      secret_hash: p.to,
      previous_secret_hash: p.from,
      address: p.address,
      user_agent: p.userAgent,
      last_used_at: p.now,
    })
    .where('id', '=', p.id)
    .where('user_id', '=', p.userId)
    .where('secret_hash', '=', p.from)
    .where('authenticators', '=', p.authenticators)
    .where('expires_at', '>', p.now),
);

/** The ids of all authenticators of a person, of whatever kind, in a fixed order. */
export async function listAuthenticatorIds(queries: Queries, userId: string): Promise<readonly string[]> {
  const rows = await authenticatorIds.all(queries, { userId });
  return rows.map(({ id }) => id);
}

const authenticatorIds = statement((db: Queries, p: Param<{ userId: string }>) =>
  db.selectFrom('authenticators').select('id').where('user_id', '=', p.userId).orderBy('id'),
);

/** One device of a person, all of them, or those of all people of a partner. */
export type Trusting = { readonly userId: string; readonly id?: string } | { readonly partnerId: string };

/**
 * Deletes devices, and what they opened without a second factor: sessions except one, and grants of clients, even if
 * these outlived their session. Returns how many devices and sessions.
 */
export async function deleteTrustedDevices(
  tx: Queries,
  whose: Trusting,
  keepSessionId = '',
): Promise<{ readonly devices: number; readonly sessions: number }> {
  const theirs = (query: Query) => peopleOf(query, whose);
  const id = 'userId' in whose ? whose.id : undefined;
  const [compare, value] = id === undefined ? (['is not', null] as const) : (['=', id] as const);
  const rows = tx.deleteFrom('trusted_devices').where('user_id', 'in', theirs).where('id', compare, value);
  const devices = await rows.executeTakeFirst();
  const opened = tx.deleteFrom('sessions').where('user_id', 'in', theirs).where('trusted_device_id', compare, value);
  const sessions = await opened
    .where('second_factor_at', 'is', null)
    .where('id', '!=', keepSessionId)
    .executeTakeFirst();
  await tx
    .deleteFrom('oidc_grants')
    .where('user_id', 'in', theirs)
    .where('trusted_device_id', compare, value)
    .where((or) => or.or([or('session_id', 'is', null), or('session_id', '!=', keepSessionId)]))
    .execute();
  return { devices: Number(devices.numDeletedRows), sessions: Number(sessions.numDeletedRows) };
}

function deviceOf(row: TrustedDeviceTable): TrustedDevice {
  return {
    id: row.id,
    userId: row.user_id,
    secretHash: row.secret_hash,
    previousSecretHash: row.previous_secret_hash ?? undefined,
    address: row.address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  };
}
