import type { MfaState } from '#core/sessions/sign-in.ts';
import { findAccessCode } from '#store/authenticators/access-codes.ts';
import { factorsOf, type PersonFactors } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';

export type PersonMfa = { readonly state: MfaState; readonly factors: PersonFactors | undefined };

/** A person's MFA state: the only definition, for sign-ins, links, deletions and every other act. */
export async function mfaOfPerson(queries: Queries, userId: string): Promise<PersonMfa> {
  const factors = await factorsOf(queries, userId);
  if (factors) return { state: 'enrolled', factors };
  const awaits = (await findAccessCode(queries, userId)) !== undefined;
  return { state: awaits ? 'awaits_access_code' : 'none', factors };
}
