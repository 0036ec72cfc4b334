import type { SessionGuard } from '#core/people/authority.ts';
import type { Scope } from '#core/portals/api-key.ts';
import type { ApiKey } from '#store/programs/api-keys.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { Session } from './sessions.ts';

/** A session that passed a guard, and which one: an act that it begins asks the same again in its own transaction. */
export type GrantedSession = Session & { readonly grantedAs: SessionGuard };

/** An API key that passed a guard, and for what. */
export type GrantedApiKey = ApiKey & { readonly grantedFor: Scope };

/** By what right a request acts. Only a guard makes one. */
export type Authority =
  | { readonly kind: 'session'; readonly session: GrantedSession }
  | { readonly kind: 'pendingSignIn'; readonly pending: PendingSignIn }
  | { readonly kind: 'apiKey'; readonly apiKey: GrantedApiKey };
