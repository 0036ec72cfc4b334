import { factorName, type ProvenFactor } from '#core/authenticators/assurance.ts';
import type { Assertion, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { PATHS } from '#core/paths.ts';
import { needsPasskey } from '#core/people/policy.ts';
import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { checkKind, kindsFor, provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { checkOneTimeCode } from '#flows/authenticators/check-one-time-code.ts';
import { checkPasskey } from '#flows/authenticators/check-passkey.ts';
import { checkRecoveryCode } from '#flows/authenticators/check-recovery-code.ts';
import { askForPasskey } from '#flows/authenticators/passkey-options.ts';
import { setUpTransaction } from '#flows/runtime/acting.ts';
import { FEW_CODES } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { continueToOf, finishSignIn, type NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { ChallengeBinding } from '#store/authenticators/passkeys.ts';
import { countRecoveryCodesLeft } from '#store/authenticators/recovery-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner } from '#store/engine/locks.ts';
import { findPartner } from '#store/partners/partners.ts';
import { claimPasskeyOffer } from '#store/people/user-life.ts';
import { completePendingSignIn, isAtSetUp, type PendingSignIn, setProven } from '#store/sign-in/pending-sign-ins.ts';

/** The page with a notice before the portal. */
const NOTICE_PATH = '/sign-in/notice';

/** What the person's browser sent with a code. */
type Wishes = {
  /** The person asked not to be asked for a code on this device for 30 days. */
  readonly trusts?: boolean;
  /** The device itself can hold a passkey. */
  readonly canHoldPasskey?: boolean;
};

/** How long the offer of a passkey is not repeated. */
const OFFER_EVERY_SECONDS = 30 * DAY_SECONDS;

/** A session, or the set-up of a passkey that the policy needs before one. */
export type OpenedSignIn =
  | { readonly kind: 'complete'; readonly session: NewSession; readonly landing: string }
  | { readonly kind: 'passkey_needed' };

/** Completes a sign-in with a one-time code. */
export async function signInWithOneTimeCode(
  env: Env,
  pending: PendingSignIn & Wishes,
  code: string,
  client: Client,
  around: Around<OpenedSignIn> = plainly,
): Promise<OpenedSignIn | Refusal> {
  const { user, deviceId } = pending;
  if (isAtSetUp(pending)) return refuse('forbidden');
  return checkOneTimeCode(env, { user, deviceId, client, pending }, code, async (tx) => {
    if (!(await mayUseApps(env, tx, pending))) return refuse('forbidden', { reason: 'kind_not_allowed' });
    const notice = await fewCodesNotice(tx, pending);
    return around(tx, () => advance(env, tx, { pending, factor: 'totp', notice, client }));
  });
}

/** What a browser needs to use a passkey after the password. */
export async function askForPendingPasskey(
  env: Env,
  pending: PendingSignIn,
  client: Client,
): Promise<RequestOptions | Refusal> {
  const { user } = pending;
  const factors = await factorsOf(env.db.read, user.id);
  if (!factors || isAtSetUp(pending) || !provableKinds(env, pending, factors).includes('passkey')) {
    return refuse('forbidden', { reason: 'kind_not_allowed' });
  }
  const asked = { binding: bindingOf(pending, client), person: { id: user.id, factors } };
  return setUpTransaction(env, { kind: 'pendingSignIn', pending }, (tx) =>
    askForPasskey(env, tx, { ...asked, userVerification: 'preferred' }),
  );
}

/** Completes a sign-in with a passkey after the password. */
export async function signInWithPasskey(
  env: Env,
  pending: PendingSignIn,
  assertion: Assertion,
  client: Client,
  around: Around<OpenedSignIn> = plainly,
): Promise<OpenedSignIn | Refusal> {
  const { user, deviceId } = pending;
  if (isAtSetUp(pending)) return refuse('forbidden');
  const binding = bindingOf(pending, client);
  const attempt = { user, deviceId, client, pending, binding, userVerification: 'preferred', isAlone: false } as const;
  return checkPasskey(env, attempt, assertion, async (tx, factor) => {
    // The policy may have changed since the challenge was made.
    const notAllowed = await checkKind(env, tx, user.id, 'passkey');
    if (notAllowed) return notAllowed;
    const notice = await fewCodesNotice(tx, pending);
    return around(tx, () => complete(env, tx, { pending, factor, notice, client }));
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
  const { user, deviceId } = pending;
  if (isAtSetUp(pending)) return refuse('forbidden');
  return checkRecoveryCode(env, { user, deviceId, client, pending }, code, async (tx, left) => {
    const notice = noticeText({ kind: 'recovery_code_used', left });
    const opened = await around(tx, () => advance(env, tx, { pending, factor: 'recovery_code', notice, client }));
    return isRefusal(opened) ? opened : { ...opened, left };
  });
}

/** Where a passkey is needed, a person who has one cannot use an app instead: a page that imitates ours gets its code. */
async function mayUseApps(env: Env, tx: Queries, pending: PendingSignIn): Promise<boolean> {
  if (!isPasskeyNeeded(env, await holdPolicy(tx, pending))) return true;
  return (await factorsOf(tx, pending.user.id))?.passkeys.length === 0;
}

/** The partner with its policies as they are in this transaction. */
async function holdPolicy(tx: Queries, { partner }: PendingSignIn): Promise<PendingSignIn['partner']> {
  if (partner === undefined) return undefined;
  await holdPartner(tx, partner.id);
  return (await findPartner(tx, partner.id)) ?? partner;
}

function isPasskeyNeeded({ config, now }: Env, partner: PendingSignIn['partner']): boolean {
  return needsPasskey(partner, config.staffPasskeys, now());
}

async function fewCodesNotice(tx: Queries, { user }: PendingSignIn): Promise<string | undefined> {
  const left = await countRecoveryCodesLeft(tx, user.id);
  return left <= FEW_CODES ? noticeText({ kind: 'few_codes_left', left }) : undefined;
}

type Completion = {
  readonly pending: PendingSignIn & Wishes;
  readonly factor: ProvenFactor;
  readonly notice: string | undefined;
  readonly client: Client;
};

/** After a code: a session, unless the policy wants a passkey first. */
async function advance(env: Env, tx: Queries, completion: Completion): Promise<OpenedSignIn | Refusal> {
  const { factor } = completion;
  const pending = { ...completion.pending, partner: await holdPolicy(tx, completion.pending) };
  const name = factorName(factor);
  if (name === 'passkey' || !isPasskeyNeeded(env, pending.partner)) {
    return complete(env, tx, { ...completion, pending });
  }
  return (await setProven(tx, pending.id, name, env.now())) ? { kind: 'passkey_needed' } : refuse('sign_in_expired');
}

async function complete(
  env: Env,
  tx: Queries,
  { pending, factor, notice, client }: Completion,
): Promise<OpenedSignIn | Refusal> {
  const { channel, deviceId, returnTo, replacedSessionId, trusts } = pending;
  const now = env.now();
  const landing = notice === undefined ? await landingOf(env, tx, pending, factor) : NOTICE_PATH;
  const signIn = { person: pending, channel, factor, deviceId, returnTo, replacedSessionId, notice, trusts, client };
  const [completed, session] = await Promise.all([
    completePendingSignIn(tx, pending.id, landing, now),
    finishSignIn(env, tx, signIn, now),
  ]);
  return completed ? { kind: 'complete', session, landing } : refuse('sign_in_expired');
}

/** To the offer of a passkey, at most once a month, after a code on a device that can hold one. Else to the portal. */
async function landingOf(
  env: Env,
  tx: Queries,
  pending: PendingSignIn & Wishes,
  factor: ProvenFactor,
): Promise<string> {
  const { user, canHoldPasskey } = pending;
  const continueTo = continueToOf(env, pending, user.role);
  if (!canHoldPasskey || factor !== 'totp' || !kindsFor(env, pending).includes('passkey')) return continueTo;
  if ((await factorsOf(tx, user.id))?.passkeys.length !== 0) return continueTo;
  const now = env.now();
  return (await claimPasskeyOffer(tx, user.id, now, now - OFFER_EVERY_SECONDS)) ? PATHS.passkeyOffer : continueTo;
}

function bindingOf({ id }: PendingSignIn, { browser }: Client): ChallengeBinding {
  return { purpose: 'second_factor', owner_id: id, browser: browser ?? null };
}
