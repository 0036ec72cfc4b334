import { FORM_SECONDS } from '#core/values/idempotency.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { createShownSecret, deleteShownSecret, findShownSecret } from '#store/programs/shown-secrets.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';

/** What an act made that only its maker may see, with what the page around it has to say. */
export type ShownSecret =
  | { readonly kind: 'api_key'; readonly name: string; readonly secret: string }
  | {
      readonly kind: 'client';
      readonly id: string;
      readonly name: string;
      readonly redirectUri: string | undefined;
      readonly secret: string;
    }
  | { readonly kind: 'webhook'; readonly id: string; readonly url: string; readonly secret: string }
  | {
      readonly kind: 'access_code';
      readonly base: '/console/people' | '/console/staff';
      readonly id: string;
      readonly name: string;
      /** How many sessions the reset has ended; absent where the code alone is new. */
      readonly sessions?: number | undefined;
      /** Whether a mail tells the person. */
      readonly isTold?: boolean | undefined;
      /** Absent where the partner does without. */
      readonly code?: { readonly code: string; readonly expiresAt: number } | undefined;
    };

type Keeping<T> = {
  /** Of the row: the address of the page that will show it. */
  readonly id: string;
  readonly userId: string;
  /** Nothing for an act that made nothing to see. */
  readonly secretOf: (done: T) => ShownSecret | undefined;
};

/**
 * Keeps what an act made, sealed, in the transaction of the act: for ten minutes, for the person who did it.
 *
 * @param around what else runs around the act
 */
export function keepSecret<T>(env: Env, { id, userId, secretOf }: Keeping<T>, around: Around<T>): Around<T> {
  return (tx, work) =>
    around(tx, async () => {
      const done = await work();
      const secret = isRefusal(done) ? undefined : secretOf(done);
      if (secret === undefined) return done;
      const sealed = env.keys.seal('shown-secret', binding(id, userId), JSON.stringify(secret));
      await createShownSecret(tx, { id, user_id: userId, sealed_secret: sealed, expires_at: env.now() + FORM_SECONDS });
      return done;
    });
}

/** The secret once more, until Done and for ten minutes at most; what does not open is logged, and as good as gone. */
export async function readSecret(env: Env, { user }: Session, id: string): Promise<ShownSecret | undefined> {
  const row = await findShownSecret(env.db.read, id, user.id, env.now());
  if (!row) return undefined;
  try {
    // The cast: we sealed it ourselves.
    return JSON.parse(env.keys.open('shown-secret', binding(id, user.id), row.sealed_secret).toString()) as ShownSecret;
  } catch (error) {
    env.log.error({ userId: user.id, err: error }, 'a secret to be shown does not decrypt');
    return undefined;
  }
}

/** Done: it is never shown again. */
export function forgetSecret(
  env: Env,
  session: GrantedSession,
  id: string,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const forget = async (tx: Queries): Promise<true> => {
    await deleteShownSecret(tx, id, session.user.id);
    return true;
  };
  return ownTransaction<true>(env, session, (tx) => around(tx, () => forget(tx)));
}

function binding(rowId: string, userId: string) {
  return { table: 'shown_secrets', rowId, userId };
}
