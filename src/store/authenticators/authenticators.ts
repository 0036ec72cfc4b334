import { type Insertable, type Selectable, sql } from 'kysely';
import { type Factors, factorsFrom } from '#core/authenticators/factors.ts';
import type { AuthenticatorTable } from '#store/authenticators/tables.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

export type NewAuthenticator = Insertable<AuthenticatorTable>;

/** An authenticator app or a passkey of a person. */
export type Authenticator = AuthenticatorApp | Passkey;

type Named = {
  readonly id: string;
  readonly userId: string;
  /** Given by the person. */
  readonly name: string | undefined;
  readonly slot: number;
  /** The owner of the attempt counters that the person's authenticators share. */
  readonly budgetId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
};

/** The secret is sealed. If unsealing fails, the authenticator still exists. */
export type AuthenticatorApp = Named & {
  readonly kind: 'totp';
  readonly sealedSecret: string;
  /** The step of the last accepted code (RFC 6238 T). */
  readonly lastUsedStep: number;
  readonly lastRefusal: string | undefined;
};

export type Passkey = Named & {
  readonly kind: 'passkey';
  /** Base64url. */
  readonly credentialId: string;
  /** The COSE public key, sealed. */
  readonly sealedKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
  /** Whether it can be copied to other devices of its owner. */
  readonly isSynced: boolean;
};

export type PersonFactors = Factors<Authenticator>;

/** What this person can prove besides the password; `undefined` if they have no authenticator. */
export async function factorsOf(queries: Queries, userId: string): Promise<PersonFactors | undefined> {
  return factorsFrom((await listByUser.all(queries, { userId })).map(authenticatorOf));
}

const listByUser = statement((db: Queries, p: Param<{ userId: string }>) =>
  authenticatorRows(db).where('a.user_id', '=', p.userId).orderBy('a.id'),
);

/** The passkey with this credential id, of any person. */
export async function findPasskey(queries: Queries, credentialId: string): Promise<Passkey | undefined> {
  const row = await findByCredential.first(queries, { credentialId });
  const found = row && authenticatorOf(row);
  return found?.kind === 'passkey' ? found : undefined;
}

const findByCredential = statement((db: Queries, p: Param<{ credentialId: string }>) =>
  authenticatorRows(db).where('k.credential_id', '=', p.credentialId),
);

function authenticatorRows(db: Queries) {
  return db
    .selectFrom('authenticators as a')
    .leftJoin('passkeys as k', 'k.id', 'a.id')
    .select(['a.id', 'a.user_id', 'a.kind', 'a.name', 'a.slot', 'a.budget_id', 'a.created_at', 'a.last_used_at'])
    .select(['a.sealed_secret', 'a.last_used_step', 'a.last_refusal'])
    .select(['k.credential_id', 'k.sealed_key', 'k.counter', 'k.transports', 'k.synced']);
}

type AuthenticatorRow = Omit<Selectable<AuthenticatorTable>, 'used_steps'> & {
  readonly [Column in 'credential_id' | 'sealed_key' | 'transports']: string | null;
} & { readonly counter: number | null; readonly synced: number | null };

function authenticatorOf(row: AuthenticatorRow): Authenticator {
  const named = {
    id: row.id,
    userId: row.user_id,
    name: row.name ?? undefined,
    slot: row.slot,
    budgetId: row.budget_id ?? row.id,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
  if (row.kind === 'passkey') return { ...named, kind: row.kind, ...passkeyParts(row) };
  return {
    ...named,
    kind: row.kind,
    // A row without a secret still counts as an app, and no secret opens from an empty text.
    sealedSecret: row.sealed_secret ?? '',
    lastUsedStep: row.last_used_step ?? Number.MAX_SAFE_INTEGER,
    lastRefusal: row.last_refusal ?? undefined,
  };
}

/** A passkey that lost its own row still counts as one, and no key opens from an empty text. */
function passkeyParts(row: AuthenticatorRow) {
  return {
    credentialId: row.credential_id ?? '',
    sealedKey: row.sealed_key ?? '',
    counter: row.counter ?? 0,
    transports: row.transports ? row.transports.split(' ') : [],
    isSynced: row.synced === 1,
  };
}

/** When two requests confirm at the same time for one slot, the unique index lets only one succeed. */
export async function createAuthenticator(tx: Queries, authenticator: NewAuthenticator): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('authenticators')
    .values(authenticator)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/**
 * Uses a step: true once per authenticator and step, then always false, also for earlier steps (RFC 6238 §5.2).
 *
 * The database enforces the "once". It also stores the last used steps (`core/authenticators/used-steps.ts`), so the
 * rule holds after a clock that ran ahead was corrected.
 */
export async function claimStep(tx: Queries, id: string, step: number, now: number): Promise<boolean> {
  return (await claim.run(tx, { id, step, entry: `${step} `, listed: `% ${step} %`, now })) === 1;
}

/** Twenty entries of eight digits and a space. Nobody signs in by code more often while a clock is wrong. */
const USED_STEPS_LENGTH = 180;

const claim = statement(
  (db: Queries, p: Param<{ id: string; step: number; entry: string; listed: string; now: number }>) =>
    db
      .updateTable('authenticators')
      .set({
        last_used_step: p.step,
        used_steps: sql<string>`substr(cast(${p.entry} as text) || used_steps, 1, ${sql.lit(USED_STEPS_LENGTH)})`,
        last_used_at: p.now,
        last_refusal: null,
      })
      .where('id', '=', p.id)
      .where('last_used_step', '<', p.step)
      .where(sql<string>`' ' || used_steps`, 'not like', p.listed),
);

/** Stores, as JSON, a refused code that matched a step outside the window, for the next diagnosis. */
export async function rememberRefusal(tx: Queries, id: string, refusal: string): Promise<void> {
  await remember.send(tx, { id, refusal });
}

const remember = statement((db: Queries, p: Param<{ id: string; refusal: string }>) =>
  db.updateTable('authenticators').set({ last_refusal: p.refusal }).where('id', '=', p.id),
);

/** Changes the name; false if this person has no such authenticator. */
export async function renameAuthenticator(tx: Queries, userId: string, id: string, name: string): Promise<boolean> {
  const update = tx.updateTable('authenticators').set({ name }).where('id', '=', id).where('user_id', '=', userId);
  return (await update.executeTakeFirst()).numUpdatedRows === 1n;
}

/** Deletes one authenticator by its id; false if it was already deleted. */
export async function deleteAuthenticator(tx: Queries, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('authenticators').where('id', '=', id).executeTakeFirst();
  return numDeletedRows === 1n;
}
