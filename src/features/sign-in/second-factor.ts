import type { SecondFactor } from '#core/authenticators/assurance.ts';
import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { checkOneTimeCode } from '#flows/authenticators/check-one-time-code.ts';
import { checkRecoveryCode } from '#flows/authenticators/check-recovery-code.ts';
import { FEW_CODES } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { continueToOf, finishSignIn, type NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { countRecoveryCodesLeft } from '#store/authenticators/recovery-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import { completePendingSignIn, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';

/** The page with a notice before the portal. */
const NOTICE_PATH = '/sign-in/notice';

export type OpenedSignIn = { readonly session: NewSession; readonly landing: string };

/** Completes a sign-in with a one-time code. */
export async function signInWithOneTimeCode(
  env: Env,
  pending: PendingSignIn,
  code: string,
  client: Client,
  around: Around<OpenedSignIn> = plainly,
): Promise<OpenedSignIn | Refusal> {
  const { user, deviceId } = pending;
  return checkOneTimeCode(env, { user, deviceId, client, pending }, code, async (tx) => {
    const left = await countRecoveryCodesLeft(tx, user.id);
    const notice = left <= FEW_CODES ? noticeText({ kind: 'few_codes_left', left }) : undefined;
    return around(tx, () => complete(env, tx, { pending, factor: 'totp', notice, client }));
  });
}

/** Completes a sign-in with a recovery code, and reports how many are left. */
export async function signInWithRecoveryCode(
  env: Env,
  pending: PendingSignIn,
  code: string,
  client: Client,
  around: Around<OpenedSignIn> = plainly,
): Promise<(OpenedSignIn & { readonly left: number }) | Refusal> {
  const { user, deviceId, budgetId } = pending;
  if (budgetId === undefined) return refuse('forbidden');
  return checkRecoveryCode(env, { user, deviceId, client, pending }, code, async (tx, left) => {
    const notice = noticeText({ kind: 'recovery_code_used', left });
    const opened = await around(tx, () => complete(env, tx, { pending, factor: 'recovery_code', notice, client }));
    return 'refused' in opened ? opened : { ...opened, left };
  });
}

type Completion = {
  readonly pending: PendingSignIn;
  readonly factor: SecondFactor;
  readonly notice: string | undefined;
  readonly client: Client;
};

async function complete(
  env: Env,
  tx: Queries,
  { pending, factor, notice, client }: Completion,
): Promise<OpenedSignIn | Refusal> {
  const { channel, deviceId, returnTo, replacedSessionId } = pending;
  const now = env.now();
  const landing = notice === undefined ? continueToOf(env, pending, pending.user.role) : NOTICE_PATH;
  const signIn = { person: pending, channel, factor, deviceId, returnTo, replacedSessionId, notice, client };
  const [completed, session] = await Promise.all([
    completePendingSignIn(tx, pending.id, landing, now),
    finishSignIn(env, tx, signIn, now),
  ]);
  return completed ? { session, landing } : refuse('sign_in_expired');
}
