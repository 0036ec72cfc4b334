import type { PartnerChange } from '#core/bulk/partner-change.ts';
import { parseReminderDays } from '#core/people/reminder-days.ts';
import { parseBegin } from '#core/time/day.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { partnersPath, readPartnerQuery } from '#features/console/filters.ts';
import { readPolicyChoice } from '#features/console/partners/policy-choice.ts';
import type { Selection } from '#flows/bulk/select.ts';

/** What the form offers: the policies of one partner, and what only many have in common. */
export const CHANGES = ['off', 'optional', 'now', 'date', 'move', 'reminders'] as const;

export const CHANGE_FIELDS = ['policy', 'from', 'days', 'partners', 'filter'] as const;

/** The form as it was typed, or as it is shown first. */
export type ChangeTyped = {
  readonly policy: string;
  readonly from: string;
  /** How many days before the date people are reminded. */
  readonly days: string;
  /** The ids of the ticked partners; empty for all that match the filter. */
  readonly partners: readonly string[];
  /** The query of the list, to select by and to go back to. */
  readonly filter: string;
};

export type ChangeFields = Partial<Readonly<Record<(typeof CHANGE_FIELDS)[number], string | undefined>>>;

export function typedChange(fields: ChangeFields): ChangeTyped {
  return {
    policy: fields.policy ?? '',
    from: fields.from ?? '',
    days: fields.days ?? '',
    partners: (fields.partners ?? '').split(' ').filter((id) => id !== ''),
    filter: fields.filter ?? '',
  };
}

/** What the list of partners sends: ids that were ticked, or its filter with `all`. */
export function selectedBy(query: URLSearchParams): Pick<ChangeTyped, 'partners' | 'filter'> | undefined {
  const partners = query.getAll('partner');
  const path = partnersPath('', readPartnerQuery(query).filter);
  if (partners.length === 0 && query.get('all') !== 'yes') return undefined;
  return { partners, filter: path.slice(1) };
}

export function selectionOf({ partners, filter }: Pick<ChangeTyped, 'partners' | 'filter'>): Selection {
  return partners.length > 0 ? { ids: partners } : { filter: readPartnerQuery(new URLSearchParams(filter)).filter };
}

/** What the form means, or the field that is invalid. */
export function readChange(form: ChangeTyped, now: number): PartnerChange | Refusal {
  if (form.policy === 'reminders') {
    const reminders = parseReminderDays(form.days);
    return reminders ? { act: 'reminders', reminders } : refuse('invalid_request', { reason: 'reminder_days' });
  }
  if (form.policy === 'move') {
    const requiredFrom = parseBegin(typedDay(form.from) ?? '');
    if (requiredFrom === undefined || requiredFrom <= now) return refuse('invalid_request', { reason: 'from' });
    return { act: 'date', requiredFrom };
  }
  const choice = readPolicyChoice(form, now);
  if (isRefusal(choice)) return choice;
  const { policy, requiredFrom } = choice;
  return { act: 'policy', policy, ...(requiredFrom !== undefined && { requiredFrom }) };
}
