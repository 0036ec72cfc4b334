import { isStaff, type Role } from '#core/people/policy.ts';
import { isImpossible } from '#core/time/clock.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** The life of a pending sign-in. */
export const PENDING_SIGN_IN_SECONDS = 10 * MINUTE;
/** Alive at once; the oldest goes. */
export const PENDING_PER_USER = 10;

/** How long a reset of MFA waits for a second member of staff. */
export const RESET_REQUEST_SECONDS = DAY_SECONDS;
/** The life of a link to set a new password. */
export const RESET_LINK_SECONDS = 30 * MINUTE;
/** The life of an invitation, and of the link to become the first administrator. */
export const INVITATION_SECONDS = 72 * HOUR;

/** The life of a secret shown and not yet confirmed, and the tries at confirming it. */
export const ENROLLMENT_SECONDS = 10 * MINUTE;
export const ENROLLMENT_TRIES = 20;

/** Alive at once; the oldest goes. */
export const SESSIONS_PER_USER = 20;
/** A session's use is written down no more often than this, so that checking one seldom writes. */
export const LAST_SEEN_EVERY_SECONDS = MINUTE;
/** How old a proof may be for a change of authenticators, recovery codes, email or password. */
export const STEP_UP_AGE_SECONDS = 5 * MINUTE;
/** How old it may be for an act on somebody else: in the console, and on the page of a team. */
export const ACT_STEP_UP_AGE_SECONDS = 15 * MINUTE;
/** For how long recovery codes that were not acknowledged can be shown again. */
export const RECOVERY_CODES_COPY_SECONDS = 10 * MINUTE;
/** For how long a new email can be confirmed, and for how long the one before brings it back. */
export const EMAIL_CHANGE_SECONDS = DAY_SECONDS;
export const EMAIL_REVERT_SECONDS = 3 * DAY_SECONDS;
/** For how long a browser stays known for a user. */
export const DEVICE_SECONDS = 180 * DAY_SECONDS;
/** How many people one browser is known for; the one it was known for first goes. */
export const PEOPLE_PER_BROWSER = 8;

/**
 * The absolute end of a session made now.
 *
 * @param capAt when the partner begins to require MFA, for a session without a second factor: it ends no later than that
 * @param now Unix seconds
 */
export function sessionExpiresAt(role: Role, now: number, capAt?: number | undefined): number {
  const expiresAt = now + limitsOf(role).absoluteSeconds;
  return capAt === undefined ? expiresAt : Math.min(expiresAt, capAt);
}

/** Whether a session still counts: neither past its absolute end nor unused for too long. */
export function isLiveSession(
  session: { readonly lastSeenAt: number; readonly expiresAt: number },
  role: Role,
  now: number,
): boolean {
  return now < session.expiresAt && now < session.lastSeenAt + limitsOf(role).idleSeconds;
}

/** Whether a pending sign-in can still be finished. */
export function isLivePending(
  pending: { readonly completedAt: number | undefined; readonly expiresAt: number },
  now: number,
): boolean {
  return pending.completedAt === undefined && pending.expiresAt > now;
}

/** For how long a session lives without use. */
export function sessionIdleSeconds(role: Role): number {
  return limitsOf(role).idleSeconds;
}

/**
 * Whether a factor was proven in this session recently enough for a sensitive change. A proof that a clock has dated ahead
 * is none: it would open that change until then.
 */
export function isSteppedUp(
  session: { readonly stepUpAt?: number | undefined },
  now: number,
  ageSeconds = STEP_UP_AGE_SECONDS,
): boolean {
  const { stepUpAt } = session;
  return stepUpAt !== undefined && !isImpossible(stepUpAt, now) && now < stepUpAt + ageSeconds;
}

/** Staff hold more than one company's data, so their sessions are shorter. */
function limitsOf(role: Role): { idleSeconds: number; absoluteSeconds: number } {
  return isStaff(role)
    ? { idleSeconds: 15 * MINUTE, absoluteSeconds: 8 * HOUR }
    : { idleSeconds: HOUR, absoluteSeconds: DAY_SECONDS };
}
