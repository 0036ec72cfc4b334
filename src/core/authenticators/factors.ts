import { cleanName } from '#core/people/name.ts';

/** How many authenticator apps a person may have. Each one adds to the odds of a guess (docs/security.md). */
export const MAX_APPS = 3;

/** How many authenticators of all kinds. */
export const MAX_AUTHENTICATORS = 10;

export type AuthenticatorKind = 'totp' | 'passkey';

/** The facts about an authenticator that every rule about a person's authenticators needs. */
type Factor = {
  readonly id: string;
  readonly kind: AuthenticatorKind;
  readonly budgetId: string;
  readonly slot: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
};

/** What a person can prove besides the password: at least one authenticator. All lists are oldest first. */
export type Factors<F extends Factor = Factor> = {
  readonly all: readonly [F, ...F[]];
  readonly apps: readonly Extract<F, { kind: 'totp' }>[];
  readonly passkeys: readonly Extract<F, { kind: 'passkey' }>[];
  /** The owner of the attempt counters that all authenticators share, so that a second app gives nobody a second budget. */
  readonly budgetId: string;
  /** When the oldest authenticator was set up, in Unix seconds. */
  readonly enrolledAt: number;
};

/** The summary of a person's authenticators; `undefined` if there is none. @param all oldest first */
export function factorsFrom<F extends Factor>(all: readonly F[]): Factors<F> | undefined {
  const [oldest, ...others] = all;
  if (oldest === undefined) return undefined;
  // Authenticators agree on their budget. If rows of an older version do not, every reader takes the same one.
  const budgetId = all.map((one) => one.budgetId).reduce((least, id) => (id < least ? id : least));
  const enrolledAt = Math.min(...all.map((one) => one.createdAt));
  return {
    all: [oldest, ...others],
    apps: ofKind(all, 'totp'),
    passkeys: ofKind(all, 'passkey'),
    budgetId,
    enrolledAt,
  };
}

function ofKind<F extends Factor, K extends AuthenticatorKind>(all: readonly F[], kind: K) {
  return all.filter((one): one is Extract<F, { kind: K }> => one.kind === kind);
}

/** The lowest slot of its kind that is free; `undefined` when the person has as many as allowed. */
export function freeSlot(factors: Pick<Factors, 'all'> | undefined, kind: AuthenticatorKind): number | undefined {
  const all = factors?.all ?? [];
  if (all.length >= MAX_AUTHENTICATORS) return undefined;
  const most = kind === 'totp' ? MAX_APPS : MAX_AUTHENTICATORS;
  const taken = all.filter((one) => one.kind === kind).map(({ slot }) => slot);
  return Array.from({ length: most }, (_, index) => index + 1).find((slot) => !taken.includes(slot));
}

/** The kind to ask for first: the one used last, and an app where nothing was used yet. */
export function firstKind({ all }: Pick<Factors, 'all'>): AuthenticatorKind {
  const byUse = all.toSorted((one, other) => (other.lastUsedAt ?? 0) - (one.lastUsedAt ?? 0));
  const last = byUse[0]?.lastUsedAt === undefined ? all.find(({ kind }) => kind === 'totp') : byUse[0];
  return last?.kind ?? all[0].kind;
}

const NAME_LENGTH_MAX = 64;

/** A person's own name for an authenticator as it is stored: one line of 1 to 64 characters; `undefined` if invalid. */
export function authenticatorName(typed: string): string | undefined {
  const name = cleanName(typed);
  return name === undefined || [...name].length > NAME_LENGTH_MAX ? undefined : name;
}
