import { dayText, parseBegin } from '#core/time/day.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { MfaChoice } from '#flows/administration/partner-acts.ts';

/** A policy as the form knows it: `now` and `date` both mean "required". */
export type PolicyTyped = { readonly policy: string; readonly from: string };

export type PolicyChoice = MfaChoice & { readonly typed: PolicyTyped };

/** What the form means, or the field that is invalid. Only `date` takes a date, and it must be in the future. */
export function readPolicyChoice(typed: PolicyTyped, now: number): PolicyChoice | Refusal {
  switch (typed.policy) {
    case 'off':
    case 'optional':
      return { policy: typed.policy, typed };
    case 'now':
      return { policy: 'required', typed };
    case 'date': {
      const requiredFrom = parseBegin(typedDay(typed.from) ?? '');
      if (requiredFrom === undefined || requiredFrom <= now) return refuse('invalid_request', { reason: 'from' });
      return { policy: 'required', requiredFrom, typed };
    }
    default:
      return refuse('invalid_request', { reason: 'policy' });
  }
}

/** The current policy as the form shows it. */
export function typedOf({ policy, requiredFrom }: MfaChoice, now: number): PolicyTyped {
  const isAhead = requiredFrom !== undefined && requiredFrom > now;
  if (policy !== 'required') return { policy, from: '' };
  return isAhead ? { policy: 'date', from: dayText(requiredFrom) } : { policy: 'now', from: '' };
}
