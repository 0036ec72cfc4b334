/** The state of a person's account: the same word in the console, for a team, in the API and on the command line. */
export type PersonState = 'invited' | 'active' | 'disabled';

/** The facts that decide the state; `null` and `undefined` both mean that it never happened. */
export type PersonFacts = {
  readonly user: {
    /** Since when the person is disabled; independent of their partner. */
    readonly disabledAt: number | null | undefined;
    readonly sealedPassword: string | null | undefined;
  };
  /** Absent for staff. */
  readonly partner: { readonly archivedAt?: number | null | undefined } | undefined;
};

/**
 * Nobody of an archived partner can sign in, so all of them are `disabled` until the partner is restored.
 *
 * `store/people/state.ts` has the same rule in SQL; `test/contracts/store/person-state.test.ts` compares the two.
 */
export function personState(person: PersonFacts): PersonState {
  if (isShutOut(person)) return 'disabled';
  return (person.user.sealedPassword ?? undefined) === undefined ? 'invited' : 'active';
}

/** Whether a person cannot sign in even with the right password and code. */
export function isShutOut(person: ShutOutFacts): boolean {
  return shutOutBecause(person) !== undefined;
}

/** What has to be undone before a person can sign in; an archived partner is reported before a disabled person. */
export function shutOutBecause({ user, partner }: ShutOutFacts): 'user_disabled' | 'partner_archived' | undefined {
  if ((partner?.archivedAt ?? undefined) !== undefined) return 'partner_archived';
  return (user.disabledAt ?? undefined) === undefined ? undefined : 'user_disabled';
}

type ShutOutFacts = Pick<PersonFacts, 'partner'> & { readonly user: Pick<PersonFacts['user'], 'disabledAt'> };
