import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HOTP, Secret } from 'otpauth';

/** A one-time code by its origin. */
export type TypedCode = { readonly stepsAhead: number } | 'free' | 'wrong';

export type CodeMeaning = { readonly kind: 'accepted'; readonly step: number } | { readonly kind: CodeRefusal };
type CodeRefusal = 'code_incorrect' | 'code_expired' | 'code_already_used';

/**
 * Mostly an unused one, otherwise one of the window, of the explained past, or of the future, which is never explained.
 */
export const typedCode: fc.Arbitrary<TypedCode> = fc.oneof(
  { weight: 8, arbitrary: fc.constant('free' as const) },
  { weight: 3, arbitrary: fc.constantFrom({ stepsAhead: 0 }, { stepsAhead: -1 }, { stepsAhead: 1 }) },
  { weight: 1, arbitrary: fc.integer({ min: -22, max: 22 }).map((stepsAhead) => ({ stepsAhead })) },
  { weight: 2, arbitrary: fc.constant('wrong' as const) },
);

/** The app, and the secrets of the person's apps. */
type Source = { readonly secret: string; readonly lastUsedStep?: number; readonly others?: readonly string[] };

/** The digits, from an independent implementation. */
export function digitsOf({ secret, lastUsedStep = -1, others = [] }: Source, typed: TypedCode, now: number): string {
  const codeAt = codesOf(secret);
  const step = stepAt(now);
  if (typed === 'free') return codeAt([step, step + 1].find((one) => one > lastUsedStep) ?? step);
  if (typed !== 'wrong') return codeAt(step + typed.stepsAhead);
  const all = [codeAt, ...others.map(codesOf)];
  const near = Array.from({ length: 51 }, (_, index) => step - 25 + index);
  const taken = new Set(near.flatMap((one) => all.map((codeIn) => codeIn(one))));
  const free = Array.from({ length: taken.size + 1 }, (_, index) => String(100_000 + index)).find(
    (code) => !taken.has(code),
  );
  return free ?? '';
}

/** CONTRACT, "The four answers", by digits: two steps may share a code, and then the order decides. */
export function meaningOf(secret: string, code: string, lastUsedStep: number, now: number): CodeMeaning {
  const codeAt = codesOf(secret);
  const step = stepAt(now);
  const accepted = [step, step - 1, step + 1].find((one) => one > lastUsedStep && codeAt(one) === code);
  if (accepted !== undefined) return { kind: 'accepted', step: accepted };
  if (lastUsedStep >= 0 && codeAt(lastUsedStep) === code) return { kind: 'code_already_used' };
  const older = Array.from({ length: 22 }, (_, back) => step + 1 - back);
  return { kind: older.some((one) => codeAt(one) === code) ? 'code_expired' : 'code_incorrect' };
}

type Compared = { readonly secret: string; readonly lastUsedStep: number };

/** The first app that accepts a code, or the best explanation that one of them has. */
export function meaningOfAll<App extends Compared>(apps: readonly App[], code: string, now: number) {
  const all = apps.map((app) => ({ app, meaning: meaningOf(app.secret, code, app.lastUsedStep, now) }));
  const found = BEST.flatMap((kind) => all.find(({ meaning }) => meaning.kind === kind) ?? [])[0];
  assert(found);
  return found;
}

const BEST: readonly CodeMeaning['kind'][] = ['accepted', 'code_already_used', 'code_expired', 'code_incorrect'];

function codesOf(secret: string): (step: number) => string {
  const hotp = new HOTP({ secret: Secret.fromBase32(secret) });
  return (counter) => hotp.generate({ counter });
}

function stepAt(now: number): number {
  return Math.floor(now / 30);
}
