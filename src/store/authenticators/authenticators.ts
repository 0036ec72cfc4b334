import { type Insertable, type Selectable, sql } from 'kysely';
import { type Factors, factorsFrom } from '#core/authenticators/factors.ts';
import type { AuthenticatorTable } from '#store/authenticators/tables.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

export type NewAuthenticator = Insertable<AuthenticatorTable>;

/** A person's authenticator app. The secret is sealed. If unsealing fails, the authenticator still exists. */
export type Authenticator = {
  readonly id: string;
  readonly userId: string;
  readonly kind: 'totp';
  /** Given by the person. */
  readonly name: string | undefined;
  readonly slot: number;
  /** The owner of the attempt counters that the person's apps share. */
  readonly budgetId: string;
  readonly sealedSecret: string;
  /** The step of the last accepted code (RFC 6238 T). */
  readonly lastUsedStep: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
  readonly lastRefusal: string | undefined;
};

export type PersonFactors = Factors<Authenticator>;

/** What this person can prove besides the password; `undefined` if they have no authenticator. */
export async function factorsOf(queries: Queries, userId: string): Promise<PersonFactors | undefined> {
  return factorsFrom((await listByUser.all(queries, { userId })).map(authenticatorOf));
}

const listByUser = statement((db: Queries, p: Param<{ userId: string }>) =>
  db.selectFrom('authenticators').selectAll().where('user_id', '=', p.userId).orderBy('id'),
);

function authenticatorOf(row: Selectable<AuthenticatorTable>): Authenticator {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind,
    name: row.name ?? undefined,
    slot: row.slot,
    budgetId: row.budget_id ?? row.id,
    sealedSecret: row.sealed_secret,
    lastUsedStep: row.last_used_step,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    lastRefusal: row.last_refusal ?? undefined,
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
