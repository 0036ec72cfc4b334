import { parseTime } from '#core/day.ts';
import { type Refusal, refuse } from '#core/result.ts';
import type { MfaChoice } from '#flows/partner-acts.ts';

const DAY_SECONDS = 24 * 60 * 60;

type Typed = { readonly policy: MfaChoice['policy']; readonly requiredFrom?: string | null | undefined };

/** A policy as a program sends it, and as our own record has it: a date goes with `required` alone, and begins a day. */
export function readChoice({ policy, requiredFrom }: Typed): MfaChoice | Refusal {
  if (requiredFrom === undefined || requiredFrom === null) return { policy };
  const at = parseTime(requiredFrom);
  const fits = policy === 'required' && at !== undefined && at % DAY_SECONDS === 0;
  return fits ? { policy, requiredFrom: at } : refuse('invalid_request', { reason: 'required_from' });
}
