import { DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Bucket, Counted, FailureStreak, Window } from './try-window.ts';
import { added, broughtBack, bucketAt, countedAt, leavesAt, opensAt, sum } from './try-window.ts';

/**
 * The tries of one key under one rule, as plain JSON.
 *
 * A try is reserved before its code or password is compared, so that tries sent at once cannot exceed a limit; a
 * success gives its reservation back.
 */
export type Attempts = Counted & {
  /** Tries since the last success, including those still being compared. 0 if the rule has no streak. */
  readonly streak: number;
};

/** The limits of one kind of key; docs/security.md lists them under *Limits*. All spans in seconds. */
export type Rule = {
  readonly windows: readonly Window[];
  readonly streak?: FailureStreak;
  /** A bucket of `size` tokens. One returns every `secondsEach` until it is full. */
  readonly tokens?: { readonly size: number; readonly secondsEach: number };
};

// 9999-12-31: a state that time does not end still needs a number in its column.
const NEVER_AT = 253_402_300_799;

// Only an act ends a lockout. But a 429 should name a wait (HTTP), so that the client stops asking for a while.
const CLOSED_RETRY_SECONDS = DAY_SECONDS;

const IN_30_DAYS = { spanSeconds: 30 * DAY_SECONDS, bucketSeconds: DAY_SECONDS, survivesUnlock: true } as const;
const IN_24_HOURS = { spanSeconds: DAY_SECONDS, bucketSeconds: HOUR_SECONDS } as const;

export function perHour(limit: number): Rule {
  return { windows: [{ limit, spanSeconds: HOUR_SECONDS, bucketSeconds: MINUTE_SECONDS, atLimit: 'wait' }] };
}

export function perDay(limit: number): Rule {
  return { windows: [{ limit, spanSeconds: DAY_SECONDS, bucketSeconds: HOUR_SECONDS, atLimit: 'wait' }] };
}

/** How many codes a person may try in one pending sign-in. */
export const PENDING_TRIES = 5;

/**
 * The limits of docs/security.md as data. Every limit is per key; the callers choose the keys.
 *
 * `pause` and `disable` refuse with `authenticator_paused` and `authenticator_disabled`, whose texts name the
 * authenticator app. So a rule for another second factor decides two things. Its refusal: `wait` gives
 * `too_many_attempts`, as for recovery codes; any other limit needs a refusal and a text of its own. Its mail: only a
 * pause or the end of one-time codes sends one (`warnOfPause` in flows/sign-in/warn.ts).
 */
export const RULES = {
  oneTimeCode: {
    windows: [
      { limit: 20, ...IN_24_HOURS, atLimit: 'pause' },
      { limit: 60, ...IN_30_DAYS, atLimit: 'disable' },
    ],
    streak: {
      limit: 50,
      atLimit: 'disable',
      waits: [
        { from: 5, seconds: MINUTE_SECONDS },
        { from: 10, seconds: 15 * MINUTE_SECONDS },
        { from: 20, seconds: HOUR_SECONDS },
      ],
    },
  },
  recoveryCode: {
    windows: [
      { limit: 10, ...IN_24_HOURS, atLimit: 'wait' },
      { limit: 30, ...IN_30_DAYS, atLimit: 'wait' },
    ],
  },
  /** Nobody guesses a signature: the limit bounds the work and the log. */
  passkey: { windows: [{ limit: 30, ...IN_24_HOURS, atLimit: 'wait' }] },
  passwordUnknownDevice: {
    windows: [],
    tokens: { size: 10, secondsEach: 6 * MINUTE_SECONDS },
    // Anyone can type any email, so streaks below the limit must not add up for ever. A streak ends after 90 days
    // without a try, which allows at most 99 guesses between two such pauses.
    streak: { limit: 100, atLimit: 'close', waits: [], forgottenAfterSeconds: 90 * DAY_SECONDS },
  },
  passwordKnownDevice: { windows: [], tokens: { size: 10, secondsEach: 6 * MINUTE_SECONDS } },
  addressPasswords: {
    windows: [{ limit: 20, spanSeconds: 10 * MINUTE_SECONDS, bucketSeconds: MINUTE_SECONDS, atLimit: 'wait' }],
  },
  addressCodes: perHour(30),
  /** Each needs ten hashes. A person who sets up a phone twice and prints new codes stays far below this. */
  recoveryCodeDraws: perHour(10),
  /** Acceptable new passwords sent with one link; the first one normally uses the link. */
  linkPasswords: perHour(10),
  addressResets: perHour(60),
  addressRefusals: perHour(60), // How many refusal windows one network may begin; later refusals share one window.
  // Visits to protected hosts that wait for a sign-in: enough for an office that arrives in the morning.
  addressSiteRequests: {
    windows: [{ limit: 180, spanSeconds: 10 * MINUTE_SECONDS, bucketSeconds: MINUTE_SECONDS, atLimit: 'wait' }],
  },
  // The same for portals with OpenID Connect, and for their pushed requests.
  addressOpenidRequests: {
    windows: [{ limit: 180, spanSeconds: 10 * MINUTE_SECONDS, bucketSeconds: MINUTE_SECONDS, atLimit: 'wait' }],
  },
  // Sign-in pages that offer passkeys. Each asks for a challenge again after some minutes.
  addressPasskeyChallenges: {
    windows: [{ limit: 180, spanSeconds: 10 * MINUTE_SECONDS, bucketSeconds: MINUTE_SECONDS, atLimit: 'wait' }],
  },
  newPendingSignIns: perHour(20),
  resetMails: perHour(3),
  emailChangeMails: perHour(3),
  invitationMails: perHour(3),
  teamInvitations: perHour(60),
  wrongCodeMails: perHour(1),
  pausedMails: perDay(1),
  refusedPasswordMails: perDay(1),
  programMails: { windows: [{ limit: 1, spanSeconds: 30 * DAY_SECONDS, bucketSeconds: DAY_SECONDS, atLimit: 'wait' }] },
} as const satisfies Record<string, Rule>;

/**
 * The state with one more try, or a refusal.
 *
 * A refusal counts nothing and extends nothing. Its `retryAfterSeconds` is exact: unless other tries come first, a try
 * is allowed then and no second earlier. Time does not end `authenticator_disabled` and a lockout (`reason: 'closed'`).
 *
 * @param now Unix seconds
 */
export function reserveTry(rule: Rule, state: Attempts | undefined, now: number): Attempts | Refusal {
  const at = countedAt(state, now);
  return checkTry(rule, stateAt(rule, state, now), now) ?? counted(rule, stateAt(rule, state, at), at);
}

/** After a success the failure streak is 0, and its reservation leaves the budgets; other failures stay counted. */
export function giveBackTry(rule: Rule, state: Attempts, reservedAt: number): Attempts {
  return withExpiry(rule, { ...uncounted(rule, state, reservedAt), streak: 0, nextTryAt: undefined }, reservedAt);
}

/**
 * "Unlock" clears waits, the streak with its lockout, tokens and the 24-hour count.
 *
 * The 30-day budget stays. A disabled authenticator stays disabled: its streak is the evidence.
 */
export function unlockTries(rule: Rule, state: Attempts): Attempts {
  if (isDisabled(rule, state)) return state;
  const windows = rule.windows.map((window, index) => (window.survivesUnlock ? bucketsOf(state, index) : []));
  return withExpiry(rule, { streak: 0, windows }, state.expiresAt);
}

/** After proof of another second factor and a new password, no failures count against the authenticator. */
export function reenableTries(rule: Rule): Attempts {
  return { streak: 0, windows: rule.windows.map(() => []), expiresAt: 0 };
}

/**
 * Whether a budget that never recovers is used up.
 *
 * It needs no flag. Refused tries change nothing, so the buckets stay as the last counted try left them. Only a success
 * of a try in progress, or `reenableTries`, changes that.
 */
export function isDisabled(rule: Rule, state: Attempts | undefined): boolean {
  if (state === undefined) return false;
  if (rule.streak?.atLimit === 'disable' && state.streak >= rule.streak.limit) return true;
  return rule.windows.some(
    (window, index) => window.atLimit === 'disable' && sum(bucketsOf(state, index)) >= window.limit,
  );
}

/** Whether the rule has a budget that never recovers. */
export function canDisable({ streak, windows }: Rule): boolean {
  return [streak, ...windows].some((budget) => budget?.atLimit === 'disable');
}

/** For how many seconds the windows (not the streak's waits) allow no try; 0 if they allow one. */
export function pausedSeconds(rule: Rule, state: Attempts | undefined, now: number): number {
  return Math.max(0, windowsOpenAt(rule, stateAt(rule, state, now)) - now);
}

/** The state at `now` without old buckets, unless these are why the authenticator is disabled. */
export function stateAt(rule: Rule, stored: Attempts | undefined, now: number): Attempts {
  const state = stored && { streak: stored.streak, ...broughtBack(rule.windows, stored, now) };
  if (state === undefined || state.expiresAt <= now) return reenableTries(rule);
  if (isDisabled(rule, state)) return state;
  const windows = rule.windows.map((window, index) =>
    bucketsOf(state, index).filter(([number]) => leavesAt(window, number) > now),
  );
  return { ...state, windows };
}

function checkTry(rule: Rule, state: Attempts, now: number): Refusal | undefined {
  if (isDisabled(rule, state)) return refuse('authenticator_disabled');
  if (isClosed(rule, state)) {
    return refuse('too_many_attempts', { reason: 'closed', retryAfterSeconds: CLOSED_RETRY_SECONDS });
  }
  const openAt = Math.max(state.nextTryAt ?? 0, tokenAt(rule, state), windowsOpenAt(rule, state));
  if (openAt <= now) return undefined;
  const paused = rule.windows.some(
    (window, index) => window.atLimit === 'pause' && opensAt(window, bucketsOf(state, index)) > now,
  );
  return refuse(paused ? 'authenticator_paused' : 'too_many_attempts', { retryAfterSeconds: openAt - now });
}

function isClosed(rule: Rule, state: Attempts): boolean {
  return rule.streak?.atLimit === 'close' && state.streak >= rule.streak.limit;
}

function counted(rule: Rule, state: Attempts, now: number): Attempts {
  const streak = rule.streak === undefined ? 0 : state.streak + 1;
  const wait = waitSeconds(rule, streak);
  const fullAt = rule.tokens && Math.max(state.fullAt ?? 0, now) + rule.tokens.secondsEach;
  const windows = rule.windows.map((window, index) => added(bucketsOf(state, index), bucketAt(window, now), 1));
  return withExpiry(rule, { streak, nextTryAt: wait === 0 ? undefined : now + wait, fullAt, windows }, now);
}

/** Gives back the whole token, even if part of it had already returned since it was taken. */
function uncounted(rule: Rule, state: Attempts, reservedAt: number): Attempts {
  const fullAt = rule.tokens && state.fullAt && state.fullAt - rule.tokens.secondsEach;
  const windows = rule.windows.map((window, index) => added(bucketsOf(state, index), bucketAt(window, reservedAt), -1));
  return { ...state, fullAt, windows };
}

/** @param at when the streak's last try was reserved */
function withExpiry(rule: Rule, tries: Omit<Attempts, 'expiresAt'>, at: number): Attempts {
  const state = { ...tries, expiresAt: 0 };
  if (isDisabled(rule, state) || isClosed(rule, state)) return { ...state, expiresAt: NEVER_AT };
  const silence = rule.streak?.forgottenAfterSeconds;
  const streakEndsAt = state.streak === 0 ? 0 : silence === undefined ? NEVER_AT : at + silence;
  const windowsEndAt = rule.windows.map((window, index) => {
    const last = bucketsOf(state, index).at(-1);
    return last === undefined ? 0 : leavesAt(window, last[0]);
  });
  return { ...state, expiresAt: Math.max(streakEndsAt, state.fullAt ?? 0, ...windowsEndAt) };
}

function waitSeconds(rule: Rule, streak: number): number {
  return rule.streak?.waits.findLast(({ from }) => streak >= from)?.seconds ?? 0;
}

function tokenAt({ tokens }: Rule, { fullAt = 0 }: Attempts): number {
  return tokens === undefined ? 0 : fullAt - (tokens.size - 1) * tokens.secondsEach;
}

function windowsOpenAt(rule: Rule, state: Attempts): number {
  const opens = rule.windows.map((window, index) =>
    window.atLimit === 'disable' ? 0 : opensAt(window, bucketsOf(state, index)),
  );
  return Math.max(0, ...opens);
}

function bucketsOf(state: Attempts, index: number): readonly Bucket[] {
  return state.windows[index] ?? [];
}
