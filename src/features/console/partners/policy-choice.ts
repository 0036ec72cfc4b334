import { dayText, parseBegin } from '#core/time/day.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { MfaChoice } from '#flows/administration/partner-acts.ts';
import type { PasskeyChoice } from '#flows/authenticators/passkey-policy.ts';

/** A policy as the form knows it: `now` and `date` both mean "required". */
export type PolicyTyped = { readonly policy: string; readonly from: string };

export type PolicyChoice = MfaChoice & { readonly typed: PolicyTyped };

export type PasskeyPolicyChoice = PasskeyChoice & { readonly typed: PolicyTyped };

/** What the form means, or the field that is invalid. Only `date` takes a date, and it must be in the future. */
export function readPolicyChoice(typed: PolicyTyped, now: number): PolicyChoice | Refusal {
  return readChoice(['off', 'optional'], typed, now);
}

/** The same for passkeys. */
export function readPasskeyChoice(typed: PolicyTyped, now: number): PasskeyPolicyChoice | Refusal {
  return readChoice(['off', 'allowed'], typed, now);
}

type Choice<Mild> = {
  readonly policy: Mild | 'required';
  readonly requiredFrom?: number | undefined;
  readonly typed: PolicyTyped;
};

/** @param mild the policies that require nothing, and so take no date */
function readChoice<Mild extends string>(
  mild: readonly Mild[],
  typed: PolicyTyped,
  now: number,
): Choice<Mild> | Refusal {
  const policy = mild.find((one) => one === typed.policy);
  if (policy !== undefined) return { policy, typed };
  if (typed.policy === 'now') return { policy: 'required', typed };
  if (typed.policy !== 'date') return refuse('invalid_request', { reason: 'policy' });
  const requiredFrom = parseBegin(typedDay(typed.from) ?? '');
  if (requiredFrom === undefined || requiredFrom <= now) return refuse('invalid_request', { reason: 'from' });
  return { policy: 'required', requiredFrom, typed };
}

/** The current policy as the form shows it. */
export function typedOf({ policy, requiredFrom }: MfaChoice | PasskeyChoice, now: number): PolicyTyped {
  const isAhead = requiredFrom !== undefined && requiredFrom > now;
  if (policy !== 'required') return { policy, from: '' };
  return isAhead ? { policy: 'date', from: dayText(requiredFrom) } : { policy: 'now', from: '' };
}
