import type { DatabaseConnection } from 'kysely';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { FACTOR_BREAKAGES } from './factor-breakages.ts';
import { pass } from './failpoint.ts';
import { type Hook, hook, type Modules } from './hook.ts';

/** The failpoints, active in every process of the proof. */
export const FAILPOINT_HOOKS: readonly Hook[] = [
  hook('store/authenticators/authenticators.ts', 'claimStep', aroundClaim),
  hook('store/authenticators/recovery-codes.ts', 'claimRecoveryCode', aroundClaim),
  hook('store/authenticators/access-codes.ts', 'claimAccessCode', aroundClaim),
  hook('store/people/links.ts', 'claimLink', aroundClaim),
  hook('store/people/email-links.ts', 'claimEmailLink', aroundClaim),
  hook('store/authenticators/passkeys.ts', 'consumeChallenge', aroundClaim),
  hook('store/authenticators/passkeys.ts', 'notePasskeyUse', aroundClaim),
  hook('store/authenticators/passkeys.ts', 'createPasskey', aroundClaim),
  hook('store/authenticators/authenticators.ts', 'deleteAuthenticator', aroundClaim),
  hook('store/sign-in/trusted-devices.ts', 'rotateTrustedDevice', aroundClaim),
  hook('store/engine/sqlite/driver.ts', 'SqliteDriver', (Driver) => {
    return class extends Driver {
      override async commitTransaction(connection: DatabaseConnection): Promise<void> {
        await aroundCommit(() => super.commitTransaction(connection));
      }
    };
  }),
  hook('store/engine/postgres/driver.ts', 'PostgresDriver', (Driver) => {
    return class extends Driver {
      override async commitTransaction(connection: DatabaseConnection): Promise<void> {
        await aroundCommit(() => super.commitTransaction(connection));
      }
    };
  }),
];

type Claim<Args extends readonly unknown[], Claimed> = (...args: Args) => Promise<Claimed>;

/**
 * Before the claim: the code was right or the new password is hashed, and nothing is used up. After it: the result is
 * not written yet.
 */
function aroundClaim<Args extends readonly unknown[], Claimed>(claim: Claim<Args, Claimed>): Claim<Args, Claimed> {
  return async (...args) => {
    pass('before_claim');
    const isClaimed = await claim(...args);
    if (isClaimed) pass('after_claim');
    return isClaimed;
  };
}

async function aroundCommit(commit: () => Promise<void>): Promise<void> {
  pass('before_commit');
  await commit();
  pass('after_commit_before_reply');
}

/** Makes rare work of the normal product frequent. */
export const TUNINGS = {
  // Rows prepared for people who arrive hours later look like the work of a fast clock.
  prepared_rows_last: [
    hook('store/engine/instants.ts', 'INSTANTS', (instants) => ({
      ...instants,
      pending_sign_ins: { ...instants.pending_sign_ins, expires_at: 'tells' as const },
    })),
  ],
  // Each checkpoint writes and syncs the database file. The normal rate, once in some thousand commits, is too rare to
  // be cut.
  checkpoint_often: [hook('store/engine/sqlite/driver.ts', 'SqliteDriver', withPragma('wal_autocheckpoint = 30'))],
} as const satisfies Record<string, readonly Hook[]>;

export type Tuning = keyof typeof TUNINGS;

/** The mistakes of a careless product. The checker must find each of them. */
export const BREAKAGES = {
  synchronous_off: [hook('store/engine/sqlite/driver.ts', 'SqliteDriver', withPragma('synchronous = off'))],
  answer_before_commit: [
    hook('store/engine/sqlite/driver.ts', 'SqliteDriver', (Driver) => {
      return class extends Driver {
        override async commitTransaction(connection: DatabaseConnection): Promise<void> {
          setTimeout(() => super.commitTransaction(connection).catch(() => {}), 400);
        }
      };
    }),
  ],
  code_claim_removed: [
    hook('store/authenticators/authenticators.ts', 'claimStep', () => async (tx, id, step, now) => {
      return (await useStep(tx, id, step, now).executeTakeFirst()).numUpdatedRows === 1n;
    }),
  ],
  used_steps_forgotten: [
    hook('store/authenticators/authenticators.ts', 'claimStep', () => async (tx, id, step, now) => {
      const later = useStep(tx, id, step, now).where('last_used_step', '<', step);
      return (await later.executeTakeFirst()).numUpdatedRows === 1n;
    }),
  ],
  recovery_code_claim_removed: [
    hook('store/authenticators/recovery-codes.ts', 'claimRecoveryCode', () => async (tx, id, now) => {
      const use = tx.updateTable('recovery_codes').set({ used_at: now }).where('id', '=', id);
      return (await use.executeTakeFirst()).numUpdatedRows === 1n;
    }),
    // One process hashes one person's codes one after the other, so the second would read that the first is used.
    hook('store/authenticators/recovery-codes.ts', 'findRecoveryCode', (find) => async (queries, userId, tags) => {
      const found = await find(queries, userId, tags);
      return found && { ...found, usedAt: undefined };
    }),
  ],
  link_claim_removed: [
    hook('store/people/links.ts', 'claimLink', () => async (tx, id, now) => {
      const use = tx.updateTable('links').set({ used_at: now }).where('id', '=', id).where('expires_at', '>', now);
      return (await use.executeTakeFirst()).numUpdatedRows === 1n;
    }),
    // The passwords sent with one link are hashed one after the other, so the second would find it used.
    hook('store/people/links.ts', 'isLinkLive', () => async () => true),
  ],
  access_code_claim_removed: [
    hook('store/authenticators/access-codes.ts', 'claimAccessCode', () => async (tx, userId, { mac, ownerId, now }) => {
      const use = tx.updateTable('access_codes').set({ used_at: now, used_by: ownerId }).where('user_id', '=', userId);
      return (await use.where('mac', '=', mac).where('expires_at', '>', now).executeTakeFirst()).numUpdatedRows === 1n;
    }),
  ],
  future_believed: [
    hook('store/engine/corrections.ts', 'AT_ONCE', () => []),
    hook('store/engine/corrections.ts', 'LATER', () => []),
    hook('core/limits/try-window.ts', 'broughtBack', () => (_rule, state) => state),
  ],
  counted_after_compare: [
    hook('flows/sign-in/reserve-try.ts', 'reserveProof', (reserve) => async (tx, attempt, counters, now) => {
      const { checkTries } = await import('#store/limits/attempts.ts');
      return (await checkTries(tx, counters, now)) ?? reserve(tx, attempt, [], now);
    }),
    hook(
      'flows/authenticators/check-one-time-code.ts',
      'checkOneTimeCode',
      (check) => async (env, attempt, code, open) => {
        const { isRefusal } = await import('#core/values/result.ts');
        const outcome = await check(env, attempt, code, open);
        if (isRefusal(outcome)) await countTry(env, attempt);
        return outcome;
      },
    ),
  ],
  session_before_its_event: [
    hook('flows/runtime/append-event.ts', 'appendEvent', (append) => async (env, tx, event, client) => {
      if (event.action !== 'sign_in.completed') return append(env, tx, event, client);
      // The end of a sign-in passes the whole environment.
      const { db } = env as Env;
      setTimeout(() => db.transaction((later) => append(env, later, event, client)), 400);
    }),
  ],
  ...FACTOR_BREAKAGES,
} as const satisfies Record<string, readonly Hook[]>;

export type Breakage = keyof typeof BREAKAGES;

/** Set after the product has configured the connection. */
function withPragma(pragma: string) {
  return (Driver: Modules['store/engine/sqlite/driver.ts']['SqliteDriver']) => {
    return class extends Driver {
      constructor(...[sqlite, run]: ConstructorParameters<typeof Driver>) {
        super(sqlite, run);
        sqlite.exec(`pragma ${pragma}`);
      }
    };
  };
}

/** Accepts any step, used or not, and stores no list. */
function useStep(tx: Queries, id: string, step: number, now: number) {
  const used = { last_used_step: step, last_used_at: now, last_refusal: null };
  return tx.updateTable('authenticators').set(used).where('id', '=', id);
}

type Asked = Parameters<Modules['flows/authenticators/check-one-time-code.ts']['checkOneTimeCode']>[1];

async function countTry(env: Env, { user, deviceId, client }: Asked): Promise<void> {
  const { factorsOf } = await import('#store/authenticators/authenticators.ts');
  const { reserveTries } = await import('#store/limits/attempts.ts');
  const { oneTimeCodeCounters } = await import('#flows/sign-in/attempt-counters.ts');
  await env.db.transaction(async (tx) => {
    const factors = await factorsOf(tx, user.id);
    await reserveTries(tx, oneTimeCodeCounters(env, factors?.budgetId ?? '', deviceId, client), env.now());
  });
}
