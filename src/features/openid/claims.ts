import { acrOf } from '#core/authenticators/assurance.ts';
import type { Grant } from '#store/oidc/grants.ts';
import type { Payload } from './work.ts';

/** The claims of each scope. Every ID token says how the person signed in; userinfo never does. */
export const CLAIMS_BY_SCOPE = {
  openid: ['sub', 'sid', 'auth_time', 'amr', 'acr'],
  profile: ['name', 'locale'],
  email: ['email', 'email_verified'],
  partner: ['partner', 'role'],
};

/** Every claim about the person. The library removes those that were not granted. */
export function claimsOf(grant: Grant, use: string): Payload {
  const { user, partner, emailProven } = grant;
  const person = {
    sub: user.id,
    name: user.name,
    ...(user.locale !== undefined && { locale: user.locale }),
    email: user.email,
    email_verified: emailProven,
    partner: partner === undefined ? null : { id: partner.id, slug: partner.slug, name: partner.name },
    role: user.role,
  };
  if (use === 'userinfo') return person;
  const { sid, authTime, amr } = grant;
  return { ...person, sid, auth_time: authTime, amr, acr: acrOf(amr) };
}
