import { type AppsMatch, matchApps } from '#core/authenticators/match-apps.ts';
import { agreedOffsetSeconds, nextCodeInSeconds, type RefusedStep } from '#core/authenticators/totp.ts';
import { isRefusal, type Refusal, type RefusalFacts, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { lockIfPresent, personTransaction } from '#flows/runtime/transaction.ts';
import { oneTimeCodeCounters } from '#flows/sign-in/attempt-counters.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import { type FactorAttempt, giveBackTries, reserveProof } from '#flows/sign-in/reserve-try.ts';
import { warnOfPause, warnOfWrongCode } from '#flows/sign-in/warn.ts';
import {
  type AuthenticatorApp,
  claimStep,
  factorsOf,
  type PersonFactors,
  rememberRefusal,
} from '#store/authenticators/authenticators.ts';
import { countClockOffsets, noteClockOffset } from '#store/authenticators/clock-offsets.ts';
import type { Queries } from '#store/engine/database.ts';
import type { CountedTry } from '#store/limits/attempts.ts';

const UNDECRYPTABLE = 'undecryptable';

/**
 * Accepts a one-time code once, or refuses.
 *
 * The code may be of any app of the person: it is one try, counted once. There are two commits, with the comparison
 * between them. The first counts the try. The second claims the step together with what the code opens (`open`), or
 * records the refusal. When the same code arrives twice at once, both match but only one claims the step (RFC 6238
 * §5.2).
 *
 * @param code six digits, as `normalizeOneTimeCode` returns them
 */
export async function checkOneTimeCode<T>(
  env: Env,
  attempt: FactorAttempt,
  code: string,
  open: (tx: Queries) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const now = env.now();
  const reserved = await reserve(env, attempt, now);
  if (isRefusal(reserved)) return reserved;
  const { factors, counted } = reserved;
  const [first, ...others] = openApps(env, factors);
  if (!first) return reject(env, attempt, factors, refuse('authenticator_disabled', { reason: UNDECRYPTABLE }));
  const match = matchApps([first, ...others], code, env.config.totpWindow, now);
  if (match.kind === 'refused') return reject(env, attempt, factors, refusalOf(match), match.refused);

  const outcome = await personTransaction(env.db, attempt.user.id, async (tx) => {
    if (!(await claimStep(tx, match.app.id, match.step, now))) {
      return refuse('code_already_used', { nextCodeInSeconds: nextCodeInSeconds(match.step, now) });
    }
    const [opened] = await Promise.all([open(tx), giveBackTries(tx, counted, now)]);
    if (!isRefusal(opened)) await record(env, tx, attempt, undefined);
    return opened;
  });
  if (isRefusal(outcome)) return reject(env, attempt, factors, outcome);
  return outcome;
}

async function reserve(
  env: Env,
  attempt: FactorAttempt,
  now: number,
): Promise<{ factors: PersonFactors; counted: readonly CountedTry[] } | Refusal> {
  const { user, client } = attempt;
  const reserved = await env.db.transaction(async (tx) => {
    const factors = await factorsOf(tx, user.id);
    // A person with passkeys alone has no app that a code could be of.
    if (!factors || factors.apps.length === 0) return refuse('forbidden');
    const counters = oneTimeCodeCounters(env, factors.budgetId, attempt.deviceId, client);
    const counted = await reserveProof(tx, attempt, counters, now);
    return isRefusal(counted) ? counted : { factors, counted };
  });
  if (!isRefusal(reserved) || reserved.refused === 'forbidden') return reserved;
  await noteRefusal(env, { event: eventFor(attempt, reserved), client, key: reserved.limitedBy });
  return reserved;
}

type OpenApp = AuthenticatorApp & { readonly secret: Buffer };

/** The apps that a code can be compared with. */
function openApps(env: Env, { apps }: PersonFactors): readonly OpenApp[] {
  return apps.flatMap((app) => {
    const secret = openSecret(env, app);
    return secret ? [{ ...app, secret }] : [];
  });
}

/** A secret that does not decrypt still exists: the answer is "disabled", never "has no MFA". */
export function openSecret(env: Env, { id, userId, sealedSecret }: AuthenticatorApp): Buffer | undefined {
  try {
    return env.keys.open('totp', { table: 'authenticators', rowId: id, userId }, sealedSecret);
  } catch (error) {
    env.log.error({ authenticatorId: id, userId, err: error }, 'a one-time-code secret does not decrypt');
    return undefined;
  }
}

function refusalOf({ match }: RefusedMatch): Refusal {
  switch (match.kind) {
    case 'already_used':
      return refuse('code_already_used', { nextCodeInSeconds: match.nextCodeInSeconds });
    case 'expired':
      return refuse('code_expired', { ageSeconds: match.ageSeconds });
    case 'incorrect':
      return refuse('code_incorrect');
  }
}

type RefusedMatch = Extract<AppsMatch<OpenApp>, { kind: 'refused' }>;

/** Records a refusal, and adds the clock error if two refused codes of one app show the same one. */
async function reject(
  env: Env,
  attempt: FactorAttempt,
  factors: PersonFactors,
  refusal: Refusal,
  refused: RefusedMatch['refused'] = [],
): Promise<Refusal> {
  const [clock] = refused
    .map((one) => clockFacts(one.app.lastRefusal, one.refused))
    .filter(({ clockOffsetSeconds }) => clockOffsetSeconds !== undefined);
  const answer = { ...refusal, ...clock };
  await env.db.transaction(async (tx) => {
    if (!(await lockIfPresent(tx, attempt.user.id))) return record(env, tx, attempt, answer);
    for (const one of refused) await rememberRefusal(tx, one.app.id, JSON.stringify(one.refused));
    if (clock?.clockOffsetSeconds !== undefined) await noteClock(env, tx, attempt.user.id, clock.clockOffsetSeconds);
    if (refusal.reason === UNDECRYPTABLE) await recordUndecryptable(env, tx, attempt, factors);
    await record(env, tx, attempt, answer);
    await Promise.all([warnOfWrongCode(env, tx, attempt, answer), warnOfPause(env, tx, attempt, factors.budgetId)]);
  });
  return answer;
}

/** @param lastRefusal JSON of a `RefusedStep` that this service wrote */
export function clockFacts(lastRefusal: string | undefined, refused: RefusedStep): RefusalFacts {
  const previous = lastRefusal === undefined ? undefined : (JSON.parse(lastRefusal) as RefusedStep);
  const clockOffsetSeconds = agreedOffsetSeconds(previous, refused);
  return clockOffsetSeconds === undefined ? {} : { clockOffsetSeconds };
}

const AGREEING_USERS = 3;
const AGREEING_SECONDS = 60 * 60;

/** One phone with an offset has a wrong clock. Three users with one offset in an hour point to the server's clock. */
export async function noteClock(env: Env, tx: Queries, userId: string, offsetSeconds: number): Promise<void> {
  const now = env.now();
  await noteClockOffset(tx, userId, offsetSeconds, now);
  const users = await countClockOffsets(tx, offsetSeconds, now - AGREEING_SECONDS);
  if (users < AGREEING_USERS) return;
  const detail = { clockOffsetSeconds: offsetSeconds, users };
  await appendEvent(env, tx, { action: 'server.clock_suspected', actor: 'system', detail }, undefined);
  env.log.warn({ offsetSeconds, users }, 'several phones differ from this server by the same time: check its clock');
}

async function recordUndecryptable(env: Env, tx: Queries, { user, client }: FactorAttempt, { apps }: PersonFactors) {
  const whose = { subject: user.id, partner: user.partnerId };
  for (const { id: authenticatorId } of apps) {
    await appendEvent(env, tx, { action: 'totp.undecryptable', ...whose, detail: { authenticatorId } }, client);
  }
}

async function record(env: Env, tx: Queries, attempt: FactorAttempt, refusal: Refusal | undefined): Promise<void> {
  await appendEvent(env, tx, eventFor(attempt, refusal), attempt.client);
}

function eventFor({ user, pending }: FactorAttempt, refusal: Refusal | undefined) {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  return { ...person, ...eventOf(pending !== undefined, refusal) };
}

function eventOf(atSignIn: boolean, refusal: Refusal | undefined) {
  const method = 'totp' as const;
  if (!refusal) {
    return atSignIn
      ? { action: 'sign_in.code_accepted' as const, detail: { method } }
      : { action: 'step_up.proven' as const, detail: { method } };
  }
  const reason = refusal.refused;
  return atSignIn
    ? { action: 'sign_in.code_refused' as const, detail: { reason, ...diagnosis(refusal) } }
    : { action: 'step_up.refused' as const, detail: { reason, method } };
}

function diagnosis({ ageSeconds, clockOffsetSeconds }: Refusal) {
  return { ageSeconds, clockOffsetSeconds };
}
