import { type CodeMatch, matchCode, type RefusedStep, refusedStep, type TotpState } from './totp.ts';

type RefusedMatch = Exclude<CodeMatch, { kind: 'accepted' }>;

/** The result of comparing one typed code with every app of a person. */
export type AppsMatch<App> =
  | { readonly kind: 'accepted'; readonly app: App; readonly step: number }
  | {
      readonly kind: 'refused';
      /** The most helpful of the apps' results. */
      readonly match: RefusedMatch;
      /** The apps for which the code is of another time, to compare with the next code of the same app. */
      readonly refused: readonly { readonly app: App; readonly refused: RefusedStep }[];
    };

/**
 * Compares a code with all apps of a person. It is one try, whatever the number of apps.
 *
 * One app that accepts it is enough. A code that no app accepts gets the answer of the app that recognizes it best: used,
 * then expired, then incorrect. The codes of a phone and of another one agree by chance once in 10^6 steps.
 *
 * @param code six digits, from `normalizeOneTimeCode`
 * @param now Unix seconds
 */
export function matchApps<App extends TotpState>(
  apps: readonly [App, ...App[]],
  code: string,
  window: 0 | 1,
  now: number,
): AppsMatch<App> {
  const refused: { app: App; refused: RefusedStep }[] = [];
  let best: RefusedMatch = { kind: 'incorrect' };
  for (const app of apps) {
    const match = matchCode(app, code, window, now);
    if (match.kind === 'accepted') return { kind: 'accepted', app, step: match.step };
    const step = refusedStep(match, now);
    if (step) refused.push({ app, refused: step });
    if (RANKS[match.kind] > RANKS[best.kind]) best = match;
  }
  return { kind: 'refused', match: best, refused };
}

const RANKS: Readonly<Record<RefusedMatch['kind'], number>> = { already_used: 2, expired: 1, incorrect: 0 };
