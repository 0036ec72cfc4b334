import { type AttemptCounter, attemptCounter, splitAttemptCounter } from '#core/limits/counter-kinds.ts';
import { isDisabled, pausedSeconds } from '#core/limits/throttle.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, type RefusalCode } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Mail, mailShareOf, queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import type { Queries } from '#store/engine/database.ts';
import { findTries, reserveTries } from '#store/limits/attempts.ts';
import type { Person } from '#store/people/users.ts';
import { networkHash, oneTimeCodeCounter } from './attempt-counters.ts';
import type { FactorAttempt } from './reserve-try.ts';

/** Refusals after a code was compared, so the person who typed it knew the password. */
const WRONG_CODES: readonly RefusalCode[] = [
  'code_incorrect',
  'code_expired',
  'code_already_used',
  'recovery_code_incorrect',
  'recovery_code_already_used',
  'passkey_refused',
];

/** Right password, wrong code: queues at most one mail an hour, in the transaction of the refusal. */
export async function warnOfWrongCode(env: Env, tx: Queries, attempt: FactorAttempt, refusal: Refusal): Promise<void> {
  const { user, client, pending } = attempt;
  if (!pending || !WRONG_CODES.includes(refusal.refused)) return;
  const mail: Mail = { kind: 'wrong_code', ...whereFrom(client) };
  await queueFirstMail(env, tx, user, mail, attemptCounter('mail-wrong-code', user.id));
}

/** If the refused try used up a limit, codes are paused or disabled. At most one mail a day reports it. */
export async function warnOfPause(env: Env, tx: Queries, attempt: FactorAttempt, budgetId: string): Promise<void> {
  const { user, deviceId, client } = attempt;
  const now = env.now();
  const { key, rule } = oneTimeCodeCounter(budgetId, deviceId);
  const tries = await findTries(tx, key);
  const disabled = isDisabled(rule, tries);
  const seconds = pausedSeconds(rule, tries, now);
  if (!disabled && seconds === 0) return;
  const kind = disabled ? 'authenticator_disabled' : 'sign_in_paused';
  if (!(await isFirst(env, tx, attemptCounter(`mail-${kind}`, budgetId)))) return;
  const mail: Mail = kind === 'sign_in_paused' ? { kind, untilAt: now + seconds } : { kind };
  await queueWebhooks(env, tx, { type: 'sign_in.paused', user, untilAt: disabled ? undefined : now + seconds });
  await queueMail(env, tx, user, { ...mail, ...whereFrom(client) });
}

/** A program has no device that could be known, so its network is remembered instead. */
export async function warnOfProgram(env: Env, tx: Queries, user: Person['user'], client: Client): Promise<void> {
  const counter = splitAttemptCounter('mail-program', user.id, networkHash(env, client));
  await queueFirstMail(env, tx, user, { kind: 'new_device', ...whereFrom(client) }, counter);
}

/** Queues the mail unless the counter has no room. The counter and the address's share are counted together. */
async function queueFirstMail(
  env: Env,
  tx: Queries,
  user: Person['user'],
  mail: Mail,
  counter: AttemptCounter,
): Promise<void> {
  const share = mailShareOf(env, user.email, mail.kind);
  const counted = await reserveTries(tx, [counter, share], env.now());
  const isCounted = !isRefusal(counted);
  // If the address has used up its share, neither was counted.
  if (!isCounted && (counted.limitedBy === counter.key || !(await isFirst(env, tx, counter)))) return;
  await queueMail(env, tx, user, mail, isCounted ? false : user.email);
}

/** Counted like a try, so that only one of two requests at the same time is the first. */
export async function isFirst(env: Env, tx: Queries, counter: AttemptCounter): Promise<boolean> {
  return !isRefusal(await reserveTries(tx, [counter], env.now()));
}
