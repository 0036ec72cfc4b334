import { askedOf } from '#core/portals/asked.ts';
import { isAskedForProof } from '#core/portals/authorization.ts';
import { mayTrustDevices } from '#core/sessions/trusted-device.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { findRequestedAcr } from '#store/forward-auth/tickets.ts';
import { findRequestParams } from '#store/oidc/requests.ts';
import type { Person } from '#store/people/users.ts';

/**
 * Whether the page for a code offers to trust this device: the partner allows it, and the portal that the tab signs in
 * for would not ask for a code all the same.
 *
 * @param resume the path that continues the request of a portal
 */
export async function offersTrust(env: Env, { user, partner }: Person, resume: string | undefined): Promise<boolean> {
  if (!mayTrustDevices(partner, user.role, env.now())) return false;
  return resume === undefined || !(await asksForProof(env, resume));
}

/** Only for the page: the portal itself decides about the session, whatever the page offered. */
async function asksForProof(env: Env, resume: string): Promise<boolean> {
  const id = resume.slice(resume.lastIndexOf('/') + 1);
  const params = await findRequestParams(env.db.read, tokenHash(id));
  if (params !== undefined) return isAskedForProof(askedOf(params));
  return (await findRequestedAcr(env.db.read, id)) !== undefined;
}
