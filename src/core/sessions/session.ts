import { isStaff, type Role } from '#core/people/policy.ts';
import { isImpossible } from '#core/time/clock.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** How long a pending sign-in is valid. */
export const PENDING_SIGN_IN_SECONDS = 10 * MINUTE;
/** At most this many are valid at once; a new one replaces the oldest. */
export const PENDING_PER_USER = 10;

/** How long a reset of MFA waits for a second member of staff. */
export const RESET_REQUEST_SECONDS = DAY_SECONDS;
/** How long a link to set a new password is valid. */
export const RESET_LINK_SECONDS = 30 * MINUTE;
/** How long an invitation, and the link to become the first administrator, is valid. */
export const INVITATION_SECONDS = 72 * HOUR;

/** How long a secret that was shown can be confirmed, and the number of tries for it. */
export const ENROLLMENT_SECONDS = 10 * MINUTE;
export const ENROLLMENT_TRIES = 20;

/** At most this many are valid at once; a new one replaces the oldest. */
export const SESSIONS_PER_USER = 20;
/** The last use of a session is stored at most this often, so that a session check seldom writes. */
export const LAST_SEEN_EVERY_SECONDS = MINUTE;
/** How old a proof may be for a change of the own authenticators, recovery codes, email or password. */
export const STEP_UP_AGE_SECONDS = 5 * MINUTE;
/** How old it may be for an act on another person: in the console, and on the page of a team. */
export const ACT_STEP_UP_AGE_SECONDS = 15 * MINUTE;
/** How long unconfirmed recovery codes can be shown again. */
export const RECOVERY_CODES_COPY_SECONDS = 10 * MINUTE;
/** How long a new email can be confirmed, and how long the owner of the old one can undo the change. */
export const EMAIL_CHANGE_SECONDS = DAY_SECONDS;
export const EMAIL_REVERT_SECONDS = 3 * DAY_SECONDS;
/** How long a browser stays known for a user. */
export const DEVICE_SECONDS = 180 * DAY_SECONDS;
/** How many people one browser can be known for; the next one replaces the first. */
export const PEOPLE_PER_BROWSER = 8;

/**
 * The absolute end of a session made now.
 *
 * @param capAt when the partner begins to require MFA: a session without a second factor ends at the latest then
 * @param now Unix seconds
 */
export function sessionExpiresAt(role: Role, now: number, capAt?: number | undefined): number {
  const expiresAt = now + limitsOf(role).absoluteSeconds;
  return capAt === undefined ? expiresAt : Math.min(expiresAt, capAt);
}

/** Whether a session is still valid: not past its absolute end, and not unused for too long. */
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

/** How long a session stays valid without use. */
export function sessionIdleSeconds(role: Role): number {
  return limitsOf(role).idleSeconds;
}

/**
 * Whether a factor was proven in this session recently enough for a sensitive change. A proof dated in the future by a
 * wrong clock does not count, because otherwise it would allow the change until that date.
 */
export function isSteppedUp(
  session: { readonly stepUpAt?: number | undefined },
  now: number,
  ageSeconds = STEP_UP_AGE_SECONDS,
): boolean {
  const { stepUpAt } = session;
  return stepUpAt !== undefined && !isImpossible(stepUpAt, now) && now < stepUpAt + ageSeconds;
}

/** Staff can see the data of more than one company, so their sessions are shorter. */
function limitsOf(role: Role): { idleSeconds: number; absoluteSeconds: number } {
  return isStaff(role)
    ? { idleSeconds: 15 * MINUTE, absoluteSeconds: 8 * HOUR }
    : { idleSeconds: HOUR, absoluteSeconds: DAY_SECONDS };
}
