import { dayBegun, parseBegin } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { MfaChoice } from '#flows/administration/partner-acts.ts';

type Typed = { readonly policy: MfaChoice['policy']; readonly requiredFrom?: string | null | undefined };

/**
 * A policy as a program sends it, and as our own record has it: a date goes with `required` alone, and begins a day.
 * Policies of earlier versions begin at 00:00 UTC, and a program may send such a record back.
 */
export function readChoice({ policy, requiredFrom }: Typed): MfaChoice | Refusal {
  if (requiredFrom === undefined || requiredFrom === null) return { policy };
  const at = parseBegin(requiredFrom);
  const beginsDay = at !== undefined && (dayBegun(at) !== undefined || at % DAY_SECONDS === 0);
  return policy === 'required' && beginsDay
    ? { policy, requiredFrom: at }
    : refuse('invalid_request', { reason: 'required_from' });
}
