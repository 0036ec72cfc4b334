import { PATHS, signInThen } from '#core/paths.ts';
import { checkAuthority, type SessionGuard } from '#core/people/authority.ts';
import {
  isLivePending,
  isLiveSession,
  LAST_SEEN_EVERY_SECONDS,
  RECOVERY_CODES_COPY_SECONDS,
} from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { setStepUpTarget, touchSession } from '#store/sessions/session-changes.ts';
import { findSession, type Session } from '#store/sessions/sessions.ts';
import type { Channel } from '#store/sessions/tables.ts';
import { findPendingSignIn, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { type Cookies, isTokenShaped } from './cookie.ts';
import type { ApiKeyGuard, Guard, PageGuard } from './route.ts';

/** The live credentials of a request, as far as its guard needs them. */
export type Found = { readonly session?: Session | GrantedSession; readonly pending?: PendingSignIn };

/** A guard's decision about a page request. */
export type PageVerdict =
  | { readonly kind: 'granted'; readonly found: Found }
  | { readonly kind: 'elsewhere'; readonly location: string }
  | {
      readonly kind: 'refused';
      readonly code: 'sign_in_expired' | 'step_up_required' | 'forbidden';
      readonly found: Found;
    };

/** A request for a page, or a form sent to one. */
export type Visit = {
  readonly guard: PageGuard;
  readonly isPost: boolean;
  /** Path and query, to return to later. */
  readonly target: string;
  /** Whether GET works for `target`. */
  readonly canReturn: boolean;
};

export async function checkPage(env: Env, visit: Visit, cookies: Cookies): Promise<PageVerdict> {
  switch (visit.guard) {
    case 'public':
      return { kind: 'granted', found: await findBoth(env, cookies) };
    case 'pendingSignIn':
      return checkPendingPage(env, visit, cookies);
    default:
      return checkSessionPage(env, visit, visit.guard, cookies);
  }
}

/** The id that a form with this guard is bound to. */
export function formBinding(guard: PageGuard, { session, pending }: Found): string | undefined {
  if (guard === 'public') return undefined;
  return guard === 'pendingSignIn' ? pending?.id : session?.id;
}

async function findBoth(env: Env, cookies: Cookies): Promise<Found> {
  const session = await findLiveSession(env, cookies.session, 'page');
  const pending = await findPending(env, cookies.pending, 'page');
  return {
    ...(session && { session }),
    ...(pending && isLivePending(pending, env.now()) && { pending }),
  };
}

async function checkPendingPage(env: Env, { isPost }: Visit, cookies: Cookies): Promise<PageVerdict> {
  const pending = await findPending(env, cookies.pending, 'page');
  if (pending && isLivePending(pending, env.now())) return { kind: 'granted', found: { pending } };
  if (pending?.completedTo !== undefined) return { kind: 'elsewhere', location: pending.completedTo };
  const session = await findLiveSession(env, cookies.session, 'page');
  if (session) return { kind: 'elsewhere', location: wayOn(session, env.now()) };
  if (pending) return { kind: 'elsewhere', location: `${PATHS.signIn}?ended` };
  // A posted form without the cookie: the cookie of the sign-in is lost. A requested page may be a bookmark.
  const isLost = isPost && cookies.pending === undefined;
  return { kind: 'elsewhere', location: isLost ? `${PATHS.signIn}?lost` : PATHS.signIn };
}

/** Where a sign-in page leads a signed-in person: to unacknowledged codes first, then to the sign-in's target. */
export function wayOn(session: Session, now: number): string {
  return codesWait(session, now) ? PATHS.newRecoveryCodes : session.continueTo;
}

async function checkSessionPage(env: Env, visit: Visit, guard: SessionGuard, cookies: Cookies): Promise<PageVerdict> {
  const session = await findLiveSession(env, cookies.session, 'page');
  if (!session) return signInFirst(visit);
  if (codesWait(session, env.now()) && !STAYS_OPEN.includes(pathOf(visit))) {
    return { kind: 'elsewhere', location: PATHS.newRecoveryCodes };
  }
  const refused = checkAuthority(guard, session, env.now());
  if (refused === 'step_up_required') return stepUpFirst(env, visit, session);
  return refused === undefined
    ? { kind: 'granted', found: { session: { ...session, grantedAs: guard } } }
    : { kind: 'refused', code: refused, found: { session } };
}

function signInFirst({ isPost, target }: Visit): PageVerdict {
  return isPost
    ? { kind: 'refused', code: 'sign_in_expired', found: {} }
    : { kind: 'elsewhere', location: signInThen(target) };
}

async function stepUpFirst(env: Env, { isPost, target, canReturn }: Visit, session: Session): Promise<PageVerdict> {
  if (canReturn) await env.db.transaction((tx) => setStepUpTarget(tx, session.id, target));
  return isPost
    ? { kind: 'refused', code: 'step_up_required', found: { session } }
    : { kind: 'elsewhere', location: PATHS.stepUp };
}

function pathOf({ target }: Visit): string {
  return target.split('?', 1).join();
}

/** The pages that still work while recovery codes wait to be acknowledged. */
const STAYS_OPEN: readonly string[] = [
  PATHS.newRecoveryCodes,
  PATHS.newRecoveryCodesFile,
  PATHS.signOut,
  PATHS.language,
];

/** Whether new recovery codes are unacknowledged, and this session proved a factor recently enough to see them. */
export function codesWait(session: Session, now: number): boolean {
  if (session.codesCopyExpiresAt === undefined || session.codesCopyExpiresAt <= now) return false;
  const stepUpAt = session.stepUpMethod === 'password' ? undefined : session.stepUpAt;
  const provenAt = Math.max(session.secondFactorAt ?? 0, stepUpAt ?? 0);
  return provenAt + RECOVERY_CODES_COPY_SECONDS >= now;
}

/** The guard of an API call by a person. It accepts only a bearer token and never reads cookies. */
export async function checkCall(
  env: Env,
  guard: Exclude<Guard, ApiKeyGuard>,
  authorization: string | null,
): Promise<Found | Refusal> {
  if (guard === 'public' || (guard === 'maybePending' && authorization === null)) return {};
  const token = bearerToken(authorization);
  if (guard === 'pendingSignIn' || guard === 'maybePending') {
    const pending = await findPending(env, token, 'api');
    return pending && isLivePending(pending, env.now()) ? { pending } : refuse('sign_in_expired');
  }
  const session = await findLiveSession(env, token, 'api');
  if (!session) return refuse('sign_in_expired');
  const refused = checkAuthority(guard, session, env.now());
  return refused === undefined ? { session: { ...session, grantedAs: guard } } : refuse(refused);
}

/** RFC 6750 §2.1; the scheme name is case-insensitive (RFC 9110 §11.1). */
export function bearerToken(authorization: string | null): string | undefined {
  return authorization === null ? undefined : /^bearer +(\S+)$/i.exec(authorization)?.[1];
}

async function findPending(env: Env, token: string | undefined, channel: Channel): Promise<PendingSignIn | undefined> {
  return isTokenShaped(token) ? findPendingSignIn(env.db.read, tokenHash(token), channel) : undefined;
}

async function findLiveSession(env: Env, token: string | undefined, channel: Channel): Promise<Session | undefined> {
  if (!isTokenShaped(token)) return undefined;
  const session = await findSession(env.db.read, tokenHash(token), channel);
  if (!session || !isLiveSession(session, session.user.role, env.now())) return undefined;
  noteUse(env, session);
  return session;
}

/** Runs beside the answer. A lost write costs a minute of the idle limit; waiting would cost a commit per request. */
function noteUse(env: Env, session: Session): void {
  const now = env.now();
  if (now - session.lastSeenAt < LAST_SEEN_EVERY_SECONDS) return;
  env.db
    .transaction((tx) => touchSession(tx, session.id, now))
    .catch((error: unknown) => env.log.warn({ err: error }, 'last use of a session was not noted'));
}
