import { type AuthenticatorKind, firstKind } from '#core/authenticators/factors.ts';
import { allowedKinds, usableKinds } from '#core/people/policy.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { PersonFactors } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { findRelyingParty } from './passkey-challenge.ts';

/** The kinds of authenticators that a person may set up now: as the policy says, and without passkeys where none work. */
export function kindsFor(
  env: Pick<Env, 'config' | 'now'>,
  { partner }: Pick<Person, 'partner'>,
): readonly AuthenticatorKind[] {
  const { config } = env;
  if (findRelyingParty(config) === undefined) return ['totp'];
  return allowedKinds(partner, config.staffPasskeys, env.now());
}

/** The kinds that a person can prove now, the one to ask for first in front. */
export function provableKinds(
  env: Pick<Env, 'config' | 'now'>,
  { partner }: Pick<Person, 'partner'>,
  factors: PersonFactors,
): readonly AuthenticatorKind[] {
  const { config } = env;
  const works: readonly AuthenticatorKind[] = findRelyingParty(config) === undefined ? ['totp'] : ['totp', 'passkey'];
  const has = works.filter((kind) => factors.all.some((one) => one.kind === kind));
  const usable = usableKinds(has, partner, config.staffPasskeys, env.now());
  const first = firstKind(factors);
  return usable.toSorted((one, other) => Number(other === first) - Number(one === first));
}

/** Refuses a kind that the policy, read in this transaction, does not allow. */
export async function checkKind(
  env: Pick<Env, 'config' | 'now'>,
  tx: Queries,
  userId: string,
  kind: AuthenticatorKind,
): Promise<Refusal | undefined> {
  const person = await findPerson(tx, userId);
  if (person && kindsFor(env, person).includes(kind)) return undefined;
  return refuse('forbidden', { reason: 'kind_not_allowed' });
}
