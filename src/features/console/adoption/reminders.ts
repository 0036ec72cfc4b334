import type { MfaPolicy } from '#core/people/policy.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';

/** How many days before the date people without an authenticator are reminded. */
const REMINDER_DAYS = [14, 7, 1] as const;

/** The reminders that are still ahead, the first one first; none where MFA is required by now, or not at all. */
export function remindersAhead(
  { policy, requiredFrom }: { readonly policy: MfaPolicy; readonly requiredFrom: number | undefined },
  now: number,
): readonly number[] {
  if (policy !== 'required' || requiredFrom === undefined) return [];
  return REMINDER_DAYS.map((days) => requiredFrom - days * DAY_SECONDS).filter((at) => at > now);
}
