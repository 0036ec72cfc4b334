import type { Env } from '#env.ts';
import { findClient } from '#store/oidc/clients.ts';
import { findGrantOfSid } from '#store/oidc/grants.ts';
import { verifyOwnToken } from './keys.ts';

/** What a client requests at the end of a session (OpenID Connect RP-Initiated Logout 1.0 §2). */
export type SignOutAsked = {
  /** The client, from the ID token or from the parameter. */
  readonly clientId: string | undefined;
  /** The person and the session that the ID token names. */
  readonly hinted: { readonly sub: string; readonly sid: string | undefined } | undefined;
  /** The browser's target afterwards: an address that is registered for the client. */
  readonly target: string | undefined;
};

/** Reads the request. A foreign ID token is ignored. `invalid` if the address does not belong to the client. */
export async function readSignOut(env: Env, params: URLSearchParams): Promise<SignOutAsked | 'invalid'> {
  const hint = params.get('id_token_hint');
  const token = hint === null ? undefined : await verifyOwnToken(env, hint);
  const named = params.get('client_id') ?? undefined;
  if (token !== undefined && named !== undefined && token.aud !== named) return 'invalid';
  const clientId = token?.aud ?? named;
  const wanted = params.get('post_logout_redirect_uri') ?? undefined;
  const client = clientId === undefined ? undefined : await findClient(env.db.read, clientId);
  if (wanted !== undefined && !client?.postLogoutRedirectUris.includes(wanted)) return 'invalid';
  // Our keys also sign the tokens for forward-auth hosts. Only a token for a client is an ID token.
  const hinted = token && client && { sub: token.sub, sid: token.sid };
  const state = params.get('state');
  const target = wanted === undefined ? undefined : withState(wanted, state);
  return { clientId, hinted, target };
}

function withState(target: string, state: string | null): string {
  if (state === null) return target;
  const url = new URL(target);
  url.searchParams.set('state', state);
  return url.href;
}

/** Whether the ID token belongs to this session. Then no confirmation is needed. */
export async function isOfSession(env: Env, { hinted }: SignOutAsked, session: { id: string; userId: string }) {
  if (hinted === undefined || hinted.sub !== session.userId) return false;
  if (hinted.sid === undefined || hinted.sid === session.id) return true;
  return (await findGrantOfSid(env.db.read, hinted.sid)) === session.id;
}
