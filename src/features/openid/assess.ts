import { askedOf, SESSION_BEFORE } from '#core/portals/asked.ts';
import { isSignInSince, type KnownSession, type NextStep, nextStep } from '#core/portals/authorization.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { findRelyingParty } from '#flows/authenticators/passkey-challenge.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { findClient, type OidcClient } from '#store/oidc/clients.ts';
import { findConsent } from '#store/oidc/grants.ts';
import type { AuthorizationRequest } from '#store/oidc/requests.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { Payload, Work } from './work.ts';

type Request = {
  readonly clientId: string;
  readonly params: Payload;
};

/** The next step for the person, for this request of this client. */
export async function assess(
  { env, session, request }: Pick<Work, 'env' | 'session' | 'request'>,
  { clientId, params }: Request,
): Promise<NextStep> {
  const client = await findClient(env.db.read, clientId);
  if (!client) return 'unmet';
  const scope = typeof params.scope === 'string' ? params.scope : '';
  const now = env.now();
  const known = {
    passkeysWork: findRelyingParty(env.config) !== undefined,
    session: session && (await knownSession(env, session, { client, request })),
    isChosen: request?.isChosen ?? false,
    hasConsent: session === undefined || (await hasConsent(env.db.read, session, client, { scope, request })),
    hasFreshConsent: session !== undefined && isFresh(session, scope, request),
  };
  return nextStep(askedOf(params), known, now);
}

type Queries = Work['env']['db']['read'];

type Asking = { readonly client: OidcClient; readonly request: AuthorizationRequest | undefined };

async function knownSession(env: Work['env'], session: Session, { client, request }: Asking): Promise<KnownSession> {
  const { user, partner, authTime, amr, trustedDeviceId, secondFactorAt } = session;
  const factors = await factorsOf(env.db.read, user.id);
  return {
    userId: user.id,
    authTime,
    amr,
    isTrusted: trustedDeviceId !== undefined && secondFactorAt === undefined,
    isNew: request !== undefined && isSignInSince(session, sinceOf(request)),
    hasAuthenticator: factors !== undefined,
    hasPasskey: factors !== undefined && factors.passkeys.length > 0,
    mayHavePasskey: kindsFor(env, session).includes('passkey'),
    mayUse: client.partners.length === 0 || client.partners.some(({ id }) => id === partner?.id),
  };
}

function sinceOf({ params, createdAt }: AuthorizationRequest) {
  return { sessionBefore: params[SESSION_BEFORE], createdAt };
}

type Consented = { readonly scope: string; readonly request: AuthorizationRequest | undefined };

/** A client of the operator needs no consent. A third-party client needs consent for every requested scope. */
async function hasConsent(queries: Queries, session: Session, client: OidcClient, { scope, request }: Consented) {
  if (!client.isThirdParty || isFresh(session, scope, request)) return true;
  const allowed = new Set((await findConsent(queries, session.user.id, client.id))?.split(' '));
  return scope.split(' ').every((one) => allowed.has(one));
}

/** Consent given on the page of this request, in this session, for exactly these scopes. */
function isFresh(session: Session, scope: string, request: AuthorizationRequest | undefined): boolean {
  const { consented } = request ?? {};
  return consented !== undefined && consented.sessionId === session.id && consented.scope === scope;
}
