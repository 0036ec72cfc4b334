import { acrOf } from '#core/assurance.ts';
import type { Env } from '#env.ts';
import { signJwt } from '#flows/signing-keys.ts';
import type { SiteSession } from '#store/forward-auth/site-sessions.ts';

/** Long enough for the portal to read it: each request brings a new one. */
const TOKEN_SECONDS = 60;

/**
 * Who it is, for the portal behind the proxy. Every header is there on every answer, empty where there is nothing to say:
 * Caddy 2.10.0 to 2.11.1 let the client's own header through where an answer lacks one (GHSA-7r4p-vjf4-gxv4).
 */
export async function identityHeaders(env: Env, found: SiteSession): Promise<Record<string, string>> {
  const { user, partner, amr } = found;
  return {
    'x-sallyport-user': user.id,
    'x-sallyport-email': user.email,
    // A header carries ASCII alone.
    'x-sallyport-name': encodeURIComponent(user.name),
    'x-sallyport-partner': partner?.slug ?? '',
    'x-sallyport-role': user.role,
    'x-sallyport-amr': amr.join(' '),
    'x-sallyport-acr': acrOf(amr),
    'x-sallyport-token': await signJwt(env, claimsOf(env, found)),
  };
}

/** The same, signed: for a portal that cannot be sure that only the proxy reaches it. */
function claimsOf(env: Env, { user, partner, amr, authTime, sessionId, site }: SiteSession) {
  const now = env.now();
  return {
    ...{ iss: env.config.publicUrl.origin, aud: site.host, sub: user.id, iat: now, exp: now + TOKEN_SECONDS },
    ...{ sid: sessionId, auth_time: authTime, amr, acr: acrOf(amr) },
    ...{ email: user.email, name: user.name, role: user.role },
    partner: partner === undefined ? null : { id: partner.id, slug: partner.slug, name: partner.name },
  };
}
