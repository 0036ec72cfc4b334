import { acrOf } from '#core/authenticators/assurance.ts';
import type { Env } from '#env.ts';
import { signJwt } from '#flows/runtime/signing-keys.ts';
import type { Database } from '#store/engine/database.ts';
import type { SiteSession } from '#store/forward-auth/site-sessions.ts';

/** Long enough for the portal to read it. */
const TOKEN_SECONDS = 60;

/** A page requests dozens of files at once. A signature for each would cost as much as the rest of the check. */
const REUSED_SECONDS = 10;

/** More people than one process serves in that time. Above it, all stored tokens are dropped and signed again. */
const MOST_HELD = 5_000;

type HeldToken = { readonly token: string; readonly signedAt: number };

/** The key is every claim except the times, so any change causes a new signature. */
const HELD = new WeakMap<Database, Map<string, HeldToken>>();

/**
 * The identity for the portal behind the proxy. Every answer has every header, empty if there is no value: Caddy 2.10.0
 * to 2.11.1 passed the client's own header on when an answer lacked one (GHSA-7r4p-vjf4-gxv4).
 */
export async function identityHeaders(env: Env, found: SiteSession): Promise<Record<string, string>> {
  const { user, partner, amr } = found;
  return {
    'x-sallyport-user': user.id,
    'x-sallyport-email': user.email,
    // A header can carry only ASCII.
    'x-sallyport-name': encodeURIComponent(user.name),
    'x-sallyport-partner': partner?.slug ?? '',
    'x-sallyport-role': user.role,
    'x-sallyport-amr': amr.join(' '),
    'x-sallyport-acr': acrOf(amr),
    'x-sallyport-token': await tokenFor(env, claimsOf(env, found)),
  };
}

async function tokenFor(env: Env, claims: object): Promise<string> {
  const held = HELD.get(env.db) ?? new Map<string, HeldToken>();
  HELD.set(env.db, held);
  const now = env.now();
  const key = JSON.stringify(claims);
  const before = held.get(key);
  if (before !== undefined && before.signedAt <= now && now < before.signedAt + REUSED_SECONDS) return before.token;
  const token = await signJwt(env, { ...claims, iat: now, exp: now + TOKEN_SECONDS });
  if (held.size >= MOST_HELD) held.clear();
  held.set(key, { token, signedAt: now });
  return token;
}

/** The same identity as a signed token, for a portal that other clients than the proxy can reach. */
function claimsOf(env: Env, { user, partner, amr, authTime, sessionId, site }: SiteSession) {
  return {
    iss: env.config.publicUrl.origin,
    aud: site.host,
    sub: user.id,
    sid: sessionId,
    auth_time: authTime,
    amr,
    acr: acrOf(amr),
    email: user.email,
    name: user.name,
    role: user.role,
    partner: partner === undefined ? null : { id: partner.id, slug: partner.slug, name: partner.name },
  };
}
