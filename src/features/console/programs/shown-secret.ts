import { FORM_SECONDS } from '#core/values/idempotency.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { createShownSecret, deleteShownSecret, findShownSecret } from '#store/programs/shown-secrets.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';

/** A secret that only its creator may see, with the facts for its page. */
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
      /** The number of sessions that the reset ended. Absent if only the code is new. */
      readonly sessions?: number | undefined;
      /** Whether the person gets a mail about it. */
      readonly isMailed?: boolean | undefined;
      /** Absent if the partner needs no code. */
      readonly code?: { readonly code: string; readonly expiresAt: number } | undefined;
    };

type Keeping<T> = {
  /** The row's id: part of the address of the page that will show it. */
  readonly id: string;
  readonly userId: string;
  /** `undefined` if the act made no secret. */
  readonly secretOf: (done: T) => ShownSecret | undefined;
};

/**
 * Stores the new secret, sealed, in the transaction of the act. Only the person who did the act can read it, for ten
 * minutes.
 *
 * @param around wraps the act
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

/** Reads the secret, until Done and for ten minutes at most. A value that does not decrypt is logged and ignored. */
export async function readSecret(env: Env, { user }: Session, id: string): Promise<ShownSecret | undefined> {
  const row = await findShownSecret(env.db.read, id, user.id, env.now());
  if (!row) return undefined;
  try {
    // The cast is safe because we sealed this value ourselves.
    return JSON.parse(env.keys.open('shown-secret', binding(id, user.id), row.sealed_secret).toString()) as ShownSecret;
  } catch (error) {
    env.log.error({ userId: user.id, err: error }, 'a secret to be shown does not decrypt');
    return undefined;
  }
}

/** Done: deletes the secret, so it is never shown again. */
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
