import { cleanName } from '#core/people/name.ts';

/** How many authenticator apps a person may have. Each one adds to the odds of a guess (docs/security.md). */
export const MAX_APPS = 3;

/** The facts about an app that every rule about a person's apps needs. */
type App = { readonly id: string; readonly budgetId: string; readonly slot: number; readonly createdAt: number };

/** What a person can prove besides the password: at least one app, oldest first. */
export type Factors<A extends App = App> = {
  readonly apps: readonly [A, ...A[]];
  /** The owner of the attempt counters that all apps share, so that a second app gives nobody a second budget. */
  readonly budgetId: string;
  /** When the oldest of the apps was set up, in Unix seconds. */
  readonly enrolledAt: number;
};

/** The summary of a person's apps; `undefined` if there is none. @param apps oldest first */
export function factorsFrom<A extends App>(apps: readonly A[]): Factors<A> | undefined {
  const [oldest, ...others] = apps;
  if (oldest === undefined) return undefined;
  // Apps agree on their budget. If rows of an older version do not, every reader takes the same one.
  const budgetId = apps.map((app) => app.budgetId).reduce((least, id) => (id < least ? id : least));
  return { apps: [oldest, ...others], budgetId, enrolledAt: Math.min(...apps.map((app) => app.createdAt)) };
}

/** The lowest slot that no app has; `undefined` when the person has as many apps as allowed. */
export function freeSlot(factors: Pick<Factors, 'apps'> | undefined): number | undefined {
  const taken = factors?.apps.map(({ slot }) => slot) ?? [];
  return Array.from({ length: MAX_APPS }, (_, index) => index + 1).find((slot) => !taken.includes(slot));
}

const NAME_LENGTH_MAX = 64;

/** A person's own name for an authenticator as it is stored: one line of 1 to 64 characters; `undefined` if invalid. */
export function authenticatorName(typed: string): string | undefined {
  const name = cleanName(typed);
  return name === undefined || [...name].length > NAME_LENGTH_MAX ? undefined : name;
}
