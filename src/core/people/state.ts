/** How a person stands: the one word for it, in the console, for a team, over the API and on the command line. */
export type PersonState = 'invited' | 'active' | 'disabled';

/** What it follows from; absent or null for what is not so. */
export type PersonFacts = {
  readonly disabledAt: number | null | undefined;
  /** Since when the partner is archived. */
  readonly archivedAt: number | null | undefined;
  readonly sealedPassword: string | null | undefined;
};

/** Nobody of an archived partner can sign in, so all of them are disabled, until the partner is restored. */
export function personState(facts: PersonFacts): PersonState {
  if (shutOutBecause(facts) !== undefined) return 'disabled';
  return (facts.sealedPassword ?? undefined) === undefined ? 'invited' : 'active';
}

/** Why a person cannot sign in whatever they know: what has to be undone first. */
export function shutOutBecause({
  disabledAt,
  archivedAt,
}: Pick<PersonFacts, 'disabledAt' | 'archivedAt'>): 'user_disabled' | 'partner_archived' | undefined {
  if ((archivedAt ?? undefined) !== undefined) return 'partner_archived';
  return (disabledAt ?? undefined) === undefined ? undefined : 'user_disabled';
}
