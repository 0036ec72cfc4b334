import type { MfaPolicy } from '#core/people/policy.ts';
import type { ReminderDays } from '#core/people/reminder-days.ts';

/** The settings of a partner that a bulk change can change. */
export type PartnerSettings = {
  readonly policy: MfaPolicy;
  /** Unix seconds; absent: required already. */
  readonly requiredFrom?: number | undefined;
  readonly reminders: ReminderDays;
};

type Policy = Pick<PartnerSettings, 'policy' | 'requiredFrom'>;
/** The part of the settings that one act changes. */
type Part = Policy | Pick<PartnerSettings, 'reminders'>;

/** What to do with one partner. `date` moves the date of partners that require MFA from a day that is still ahead. */
export type PartnerChange =
  | ({ readonly act: 'policy' } & Policy)
  | { readonly act: 'date'; readonly requiredFrom: number }
  | { readonly act: 'reminders'; readonly reminders: ReminderDays }
  /** Puts `to` back, but only if `from` is still what holds. */
  | { readonly act: 'undo'; readonly from: Part; readonly to: Part };

/** Why a change leaves a partner as it is. */
export type Unchanged = 'same' | 'no_date_ahead' | 'changed_since';

/** What a change makes of a partner: the part that was, and the part that will be. */
export type Planned =
  | { readonly from: Part; readonly to: Part; readonly unchanged?: undefined }
  | { readonly unchanged: Unchanged };

/** What the change would do now. A date that is past means the same as no date. */
export function planChange(change: PartnerChange, current: PartnerSettings, now: number): Planned {
  switch (change.act) {
    case 'policy':
      return fromTo(policyOf(current), inForce(change, now));
    case 'date': {
      const { policy, requiredFrom } = current;
      if (policy !== 'required' || requiredFrom === undefined || requiredFrom <= now)
        return { unchanged: 'no_date_ahead' };
      return fromTo(policyOf(current), inForce({ policy, requiredFrom: change.requiredFrom }, now));
    }
    case 'reminders':
      return fromTo({ reminders: current.reminders }, { reminders: change.reminders });
    case 'undo': {
      const from = 'policy' in change.from ? policyOf(current) : { reminders: current.reminders };
      const to = 'policy' in change.to ? inForce(change.to, now) : change.to;
      // An undo before, or somebody, has put it back already.
      if (isSame(from, to)) return { unchanged: 'same' };
      return isSame(from, change.from) ? { from, to } : { unchanged: 'changed_since' };
    }
  }
}

/** What a change does to the sessions of people, for the sums of a preview. */
export type Effect = 'ends' | 'date' | 'lifts' | 'reminders' | 'same';

export function effectOf(planned: Planned): Effect {
  if (planned.unchanged !== undefined) return 'same';
  if (!('policy' in planned.to)) return 'reminders';
  if (planned.to.policy !== 'required') return 'lifts';
  return planned.to.requiredFrom === undefined ? 'ends' : 'date';
}

/** The policy as it is stored: a date that has come is no date any more. */
export function inForce({ policy, requiredFrom }: Policy, now: number): Policy {
  const isAhead = policy === 'required' && requiredFrom !== undefined && requiredFrom > now;
  return isAhead ? { policy, requiredFrom } : { policy };
}

function policyOf({ policy, requiredFrom }: PartnerSettings): Policy {
  return requiredFrom === undefined ? { policy } : { policy, requiredFrom };
}

function fromTo(from: Part, to: Part): Planned {
  return isSame(from, to) ? { unchanged: 'same' } : { from, to };
}

function isSame(one: Part, other: Part): boolean {
  if ('policy' in one) {
    return 'policy' in other && one.policy === other.policy && one.requiredFrom === other.requiredFrom;
  }
  return 'reminders' in other && one.reminders.join() === other.reminders.join();
}
