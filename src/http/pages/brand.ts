import type { Brand } from '#core/brand/brand.ts';
import { partnerBrand } from '#core/brand/look.ts';
import type { Env } from '#env.ts';
import type { Found } from '#http/guard.ts';
import type { RequestContext } from '#http/server-context.ts';
import { findResumedLook } from '#store/partners/looks.ts';
import type { Partner } from '#store/people/users.ts';
import type { View } from '#ui/view.ts';

/**
 * The brand for the person that a guard found: the look of their partner, which came with the row of the session or of
 * the pending sign-in. Both exist only after the first factor was proven, so nobody learns from the look of a page
 * whether an email exists, or whose it is.
 */
export function brandOf(env: Pick<Env, 'brand'>, found: Found): Brand {
  return partnerBrand(env.brand(), (found.session ?? found.pending)?.partner?.look);
}

/**
 * The same, and before a person is known the look of the partner for whose people alone the asking program is. Its
 * operator said so, and it is the same for every email.
 */
export async function brandOfVisit(
  env: Pick<Env, 'brand' | 'db'>,
  { resume }: Pick<RequestContext, 'resume'>,
  found: Found,
): Promise<Brand> {
  if (resume === undefined || found.session !== undefined || found.pending !== undefined) return brandOf(env, found);
  return partnerBrand(env.brand(), await findResumedLook(env.db.read, resume));
}

/** A page for the holder of a link, who has proven the email that the link was sent to: with the look of its owner's partner. */
export function viewFor(env: Pick<Env, 'brand'>, view: View, partner: Partner | undefined): View {
  return { ...view, brand: partnerBrand(env.brand(), partner?.look) };
}
