import type { PartnerChange } from '#core/bulk/partner-change.ts';
import { parseReminderDays } from '#core/people/reminder-days.ts';
import { parseBegin } from '#core/time/day.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { partnersPath, readPartnerQuery } from '#features/console/filters.ts';
import { readPolicyChoice } from '#features/console/partners/policy-choice.ts';
import { readRollOutQuery, rollOutPath } from '#features/console/rollout/query.ts';
import type { Selection } from '#flows/bulk/select.ts';

/** What the form offers: the policies of one partner, and what only many have in common. */
export const CHANGES = ['off', 'optional', 'now', 'date', 'move', 'reminders'] as const;

export const CHANGE_FIELDS = ['policy', 'from', 'days', 'partners', 'filter', 'back'] as const;

/** The form as it was typed, or as it is shown first. */
export type ChangeTyped = {
  readonly policy: string;
  readonly from: string;
  /** How many days before the date people are reminded. */
  readonly days: string;
  /** The ids of the ticked partners; empty for all that match the filter. */
  readonly partners: readonly string[];
  /** The query of the list of partners, to select by and to go back to. */
  readonly filter: string;
  /** The query of the list of the roll-out, for those who came from there; empty for the list of partners. */
  readonly back: string;
};

export type ChangeFields = Partial<Readonly<Record<(typeof CHANGE_FIELDS)[number], string | undefined>>>;

export function typedChange(fields: ChangeFields): ChangeTyped {
  return {
    policy: fields.policy ?? '',
    from: fields.from ?? '',
    days: fields.days ?? '',
    partners: (fields.partners ?? '').split(' ').filter((id) => id !== ''),
    filter: fields.filter ?? '',
    back: fields.back ?? '',
  };
}

/** What the list of partners sends: ids that were ticked, or its filter with `all`. */
export function selectedBy(query: URLSearchParams): Pick<ChangeTyped, 'partners' | 'filter'> | undefined {
  const partners = query.getAll('partner');
  const path = partnersPath('', readPartnerQuery(query).filter);
  if (partners.length === 0 && query.get('all') !== 'yes') return undefined;
  return { partners, filter: path.slice(1) };
}

/** The list where somebody ticked partners, and its name. Its address is built from known values, so it leads nowhere else. */
export function listOf({ filter, back }: Pick<ChangeTyped, 'filter' | 'back'>) {
  if (back === '') return { href: `/console/partners${filter && `?${filter}`}`, key: 'console.partners' } as const;
  return { href: rollOutPath(readRollOutQuery(new URLSearchParams(back))), key: 'console.rollout' } as const;
}

/** The query of the list of the roll-out, as its form sends it; empty if it was another form. */
export function backOf(query: URLSearchParams): string {
  if (query.get('list') !== 'rollout') return '';
  // A query that is not empty, also for the first view.
  return rollOutPath(readRollOutQuery(query)).split('?')[1] ?? 'view=overdue';
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
