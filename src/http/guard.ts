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

/** The live credentials that a request carried, as far as its guard needs them. */
export type Found = { readonly session?: Session | GrantedSession; readonly pending?: PendingSignIn };

/** What a guard says to somebody who wants a page. */
export type PageVerdict =
  | { readonly kind: 'granted'; readonly found: Found }
  | { readonly kind: 'elsewhere'; readonly location: string }
  | {
      readonly kind: 'refused';
      readonly code: 'sign_in_expired' | 'step_up_required' | 'forbidden';
      readonly found: Found;
    };

/** A page that is asked for, or a form that was sent to one. */
export type Visit = {
  readonly guard: PageGuard;
  readonly isPost: boolean;
  /** Path and query, for the way back. */
  readonly target: string;
  /** Whether `target` can be asked for with GET. */
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

/** The id that a form of this guard is bound to. */
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
  // A form of the second step was on the screen: the sign-in was there, and its cookie is not. A page may be a bookmark.
  const isLost = isPost && cookies.pending === undefined;
  return { kind: 'elsewhere', location: isLost ? `${PATHS.signIn}?lost` : PATHS.signIn };
}

/** Where a signed-in person goes from a page of the sign-in: where it went, but first to codes that wait. */
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

/** What answers while recovery codes wait to be acknowledged. */
const STAYS_OPEN: readonly string[] = [
  PATHS.newRecoveryCodes,
  PATHS.newRecoveryCodesFile,
  PATHS.signOut,
  PATHS.language,
];

/** Recovery codes were made and not yet acknowledged, and this session proved a factor recently enough to see them. */
export function codesWait(session: Session, now: number): boolean {
  if (session.codesCopyExpiresAt === undefined || session.codesCopyExpiresAt <= now) return false;
  const stepUpAt = session.stepUpMethod === 'password' ? undefined : session.stepUpAt;
  const provenAt = Math.max(session.secondFactorAt ?? 0, stepUpAt ?? 0);
  return provenAt + RECOVERY_CODES_COPY_SECONDS >= now;
}

/** The guard of a call by a person: a bearer token or nothing. Cookies are never looked at. */
export async function checkCall(
  env: Env,
  guard: Exclude<Guard, ApiKeyGuard>,
  authorization: string | null,
): Promise<Found | Refusal> {
  if (guard === 'public') return {};
  const token = bearerToken(authorization);
  if (guard === 'pendingSignIn') {
    const pending = await findPending(env, token, 'api');
    return pending && isLivePending(pending, env.now()) ? { pending } : refuse('sign_in_expired');
  }
  const session = await findLiveSession(env, token, 'api');
  if (!session) return refuse('sign_in_expired');
  const refused = checkAuthority(guard, session, env.now());
  return refused === undefined ? { session: { ...session, grantedAs: guard } } : refuse(refused);
}

/** RFC 6750 §2.1; the scheme's name is compared without case (RFC 9110 §11.1). */
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

/** Beside the answer, not before it: losing it costs a minute of the idle limit, waiting for it a commit per request. */
function noteUse(env: Env, session: Session): void {
  const now = env.now();
  if (now - session.lastSeenAt < LAST_SEEN_EVERY_SECONDS) return;
  env.db
    .transaction((tx) => touchSession(tx, session.id, now))
    .catch((error: unknown) => env.log.warn({ err: error }, 'last use of a session was not noted'));
}
