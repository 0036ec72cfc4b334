import type { ProvenFactor } from '#core/authenticators/assurance.ts';
import { matchCode, type RefusedStep, refusedStep } from '#core/authenticators/totp.ts';
import { attemptCounter } from '#core/limits/counter-kinds.ts';
import type { Client } from '#core/sessions/client.ts';
import { ENROLLMENT_TRIES } from '#core/sessions/session.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type SetUpAuthority, setUpTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import { deleteAccessCode } from '#store/authenticators/access-codes.ts';
import { createAuthenticator } from '#store/authenticators/authenticators.ts';
import {
  claimConfirmation,
  consumeEnrollment,
  createEnrollment,
  deleteEnrollment,
  deleteEnrollments,
  type Enrollment,
  findEnrollment,
  nameEnrollment,
  releaseConfirmation,
  rememberEnrollmentRefusal,
  reserveEnrollmentTry,
} from '#store/authenticators/enrollments.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import type { User } from '#store/people/users.ts';
import { needsAccessCode } from './access-code.ts';
import { checkKind } from './allowed-kinds.ts';
import { clockFacts, noteClock } from './check-one-time-code.ts';
import type { Place } from './places.ts';

/** The owner of a secret, and the one pending sign-in or session that may see and confirm it. */
export type Enrollee = {
  readonly user: User;
  readonly ownerId: string;
  /** When the pending sign-in or the session itself expires. */
  readonly expiresAt: number;
  readonly client: Client;
  readonly authority: SetUpAuthority;
};

export type OpenEnrollment = { readonly id: string; readonly secret: Buffer; readonly expiresAt: number };

const SECRET_BYTES = 20;
const CONFIRMATION_SECONDS = 30;

/** Returns the secret to show: a new one the first time, later the same one for the same owner. */
export async function startEnrollment(
  env: Env,
  enrollee: Enrollee,
  lifeSeconds: number,
  name?: string,
): Promise<OpenEnrollment | Refusal> {
  const now = env.now();
  const { user, ownerId, client } = enrollee;
  const row = await setUpTransaction(env, enrollee.authority, async (tx) => {
    if (await needsAccessCode(tx, user.id, ownerId)) return refuse('access_code_required');
    const notAllowed = await checkKind(env, tx, user.id, 'totp');
    if (notAllowed) return notAllowed;
    const open = await findEnrollment(tx, ownerId);
    // An enrollment without tries left, or that does not decrypt, cannot be finished, so the person gets a new secret.
    if (open && open.expiresAt > now && open.tries < ENROLLMENT_TRIES && opened(env, open)) {
      if (name !== undefined) await nameEnrollment(tx, open.id, name);
      return open;
    }
    if (open) await deleteEnrollment(tx, ownerId);
    // Each enrollment has its own tries. Without a limit on enrollments the number of tries would be unlimited.
    const limit = await reserveTries(tx, [attemptCounter('set-up', user.id)], now);
    if (isRefusal(limit)) return limit;
    await createEnrollment(tx, newEnrollment(env, enrollee, lifeSeconds, name));
    await appendEvent(
      env,
      tx,
      { action: 'enrollment.started', actor: user.id, subject: user.id, partner: user.partnerId, detail: {} },
      client,
    );
    return (await findEnrollment(tx, ownerId)) ?? refuse('enrollment_expired');
  });
  return isRefusal(row) ? row : (opened(env, row) ?? refuse('enrollment_expired'));
}

function newEnrollment(env: Env, { user, ownerId, expiresAt }: Enrollee, lifeSeconds: number, name?: string) {
  const [id, now] = [env.newId(), env.now()];
  return {
    id,
    user_id: user.id,
    owner_id: ownerId,
    sealed_secret: env.keys.seal('totp', binding(id, user.id), env.random(SECRET_BYTES)),
    created_at: now,
    expires_at: Math.min(now + lifeSeconds, expiresAt),
    tries: 0,
    confirming_until: null,
    last_refusal: null,
    name: name ?? null,
  };
}

/** The secret that this owner was shown, as long as it can be confirmed. */
export async function findOpenEnrollment(env: Env, ownerId: string): Promise<OpenEnrollment | undefined> {
  const row = await findEnrollment(env.db.read, ownerId);
  return row && row.expiresAt > env.now() ? opened(env, row) : undefined;
}

/** What follows a correct confirmation code. */
export type Opening<Drawn, T> = {
  /** Where the new authenticator goes; called in the transaction that creates it, before `open`. */
  readonly place: (tx: Queries) => Promise<Place | Refusal>;
  /** Slow work before the transaction, at most one at a time for each enrollment: makes recovery codes. */
  readonly draw: () => Promise<Drawn | Refusal>;
  /** Runs in the transaction that creates the authenticator; a refusal rolls both back. */
  readonly open: (tx: Queries, confirmed: Confirmed<Drawn>) => Promise<T | Refusal>;
};

/** A new authenticator: the event that reports it, and what its confirmation proved. */
export type Confirmed<Drawn> = {
  readonly drawn: Drawn;
  readonly event:
    | { readonly action: 'totp.enrolled'; readonly detail: { readonly authenticatorId: string } }
    | {
        readonly action: 'passkey.enrolled';
        readonly detail: { readonly authenticatorId: string; readonly synced: boolean };
      };
  readonly factor: ProvenFactor;
};

/** Confirms the shown secret with a code, once. The try is counted before the comparison. */
export async function confirmEnrollment<Drawn, T>(
  env: Env,
  enrollee: Enrollee,
  code: string,
  opening: Opening<Drawn, T>,
): Promise<T | Refusal> {
  const now = env.now();
  const row = await findEnrollment(env.db.read, enrollee.ownerId);
  if (!row || row.expiresAt <= now) return refuse('enrollment_expired');
  const reserve = (tx: Queries) => reserveEnrollmentTry(tx, row.id, ENROLLMENT_TRIES, now);
  if ((await setUpTransaction(env, enrollee.authority, reserve)) !== true) {
    const facts = { reason: 'sign_in_again', retryAfterSeconds: 1, limitedBy: `enrollment:${row.id}` } as const;
    const refusal = refuse('too_many_attempts', facts);
    await noteRefusal(env, { event: refusedEvent(enrollee, refusal), client: enrollee.client, key: refusal.limitedBy });
    return refusal;
  }
  const secret = opened(env, row)?.secret;
  if (!secret) return refuse('enrollment_expired');
  const match = matchCode({ secret, lastUsedStep: -1 }, code, env.config.totpWindow, now);
  if (match.kind === 'accepted') return confirm(env, enrollee, row, { secret, step: match.step }, opening);
  const refusal =
    match.kind === 'expired' ? refuse('code_expired', { ageSeconds: match.ageSeconds }) : refuse('code_incorrect');
  return reject(env, enrollee, row, refusal, refusedStep(match, now));
}

type Proven = { readonly secret: Buffer; readonly step: number };

async function confirm<Drawn, T>(
  env: Env,
  enrollee: Enrollee,
  row: Enrollment,
  proven: Proven,
  { place, draw, open }: Opening<Drawn, T>,
): Promise<T | Refusal> {
  const now = env.now();
  const claim = (tx: Queries) => claimConfirmation(tx, row.id, now + CONFIRMATION_SECONDS, now);
  // The same code arrived twice at once, and the other request is confirming it. The next request finds the result.
  if ((await setUpTransaction(env, enrollee.authority, claim)) !== true)
    return refuse('temporarily_unavailable', { reason: 'confirming', retryAfterSeconds: 1 });
  const drawn = await draw();
  const outcome = isRefusal(drawn)
    ? drawn
    : await setUpTransaction(env, enrollee.authority, async (tx) => {
        if (!(await consumeEnrollment(tx, row.id, env.now()))) return refuse('enrollment_expired');
        // If staff made an access code after the secret was shown, the person must enter that code first.
        if (await needsAccessCode(tx, enrollee.user.id, enrollee.ownerId)) return refuse('enrollment_expired');
        const placed = await place(tx);
        if (isRefusal(placed)) return placed;
        const authenticatorId = row.id;
        const event = { action: 'totp.enrolled', detail: { authenticatorId } } as const;
        const result = await open(tx, { drawn, event, factor: 'totp' });
        if (isRefusal(result)) return result;
        return (await create(env, tx, enrollee.user, { authenticatorId, name: row.name, ...placed }, proven))
          ? result
          : refuse('forbidden', { reason: 'already_enrolled' });
      });
  if (isRefusal(outcome)) await env.db.transaction((tx) => releaseConfirmation(tx, row.id));
  return outcome;
}

async function create(
  env: Env,
  tx: Queries,
  { id: userId }: User,
  { authenticatorId, slot, budgetId, name }: Place & { authenticatorId: string },
  { secret, step }: Proven,
): Promise<boolean> {
  const now = env.now();
  await deleteEnrollments(tx, userId);
  await deleteAccessCode(tx, userId);
  return createAuthenticator(tx, {
    id: authenticatorId,
    user_id: userId,
    slot,
    budget_id: budgetId ?? null,
    name: name ?? null,
    sealed_secret: env.keys.seal('totp', { table: 'authenticators', rowId: authenticatorId, userId }, secret),
    // The code that confirmed the secret counts as used too.
    last_used_step: step,
    used_steps: `${step} `,
    created_at: now,
    last_used_at: now,
    last_refusal: null,
  });
}

function opened(env: Env, row: Enrollment): OpenEnrollment | undefined {
  try {
    const secret = env.keys.open('totp', binding(row.id, row.userId), row.sealedSecret);
    return { id: row.id, secret, expiresAt: row.expiresAt };
  } catch (error) {
    env.log.error({ userId: row.userId, err: error }, 'a secret that was shown does not decrypt');
    return undefined;
  }
}

function binding(id: string, userId: string) {
  return { table: 'enrollments', rowId: id, userId };
}

async function reject(
  env: Env,
  enrollee: Enrollee,
  row: Enrollment,
  refusal: Refusal,
  refused?: RefusedStep,
): Promise<Refusal> {
  const { user, client } = enrollee;
  const clock = refused && clockFacts(row.lastRefusal, refused);
  const answer = { ...refusal, ...clock };
  await env.db.transaction(async (tx) => {
    if (refused) await rememberEnrollmentRefusal(tx, row.id, JSON.stringify(refused));
    if (clock?.clockOffsetSeconds !== undefined) await noteClock(env, tx, user.id, clock.clockOffsetSeconds);
    await appendEvent(env, tx, refusedEvent(enrollee, answer), client);
  });
  return answer;
}

function refusedEvent({ user }: Enrollee, { refused }: Refusal) {
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  return { action: 'enrollment.code_refused' as const, ...whose, detail: { reason: refused } };
}
