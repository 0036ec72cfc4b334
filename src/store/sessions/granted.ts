import type { SessionGuard } from '#core/people/authority.ts';
import type { Scope } from '#core/portals/api-key.ts';
import type { ApiKey } from '#store/programs/api-keys.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { Session } from './sessions.ts';

/** A session that passed a guard, with the name of that guard. An act checks it again in its own transaction. */
export type GrantedSession = Session & { readonly grantedAs: SessionGuard };

/** An API key that passed a guard, with the scope that the guard needed. */
export type GrantedApiKey = ApiKey & { readonly grantedFor: Scope };

/** A member of staff for whom a job acts, long after their request. */
type Maker = { readonly kind: 'maker'; readonly userId: string };

/** The right by which a request or a job acts. Only a guard or the start of a job creates one. */
export type Authority =
  | { readonly kind: 'session'; readonly session: GrantedSession }
  | { readonly kind: 'pendingSignIn'; readonly pending: PendingSignIn }
  | { readonly kind: 'apiKey'; readonly apiKey: GrantedApiKey }
  | Maker;
