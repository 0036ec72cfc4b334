import type { PartnerChange } from '#core/bulk/partner-change.ts';
import type { ReminderDays } from '#core/people/reminder-days.ts';
import type { PlainKey } from '#messages/messages.ts';
import { type Content, html } from '#ui/parts/html.ts';
import { beginElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/** What a change does, in a few words. */
export function changeWords(view: View, change: PartnerChange): Content {
  const { t, locale } = view;
  switch (change.act) {
    case 'policy':
      if (change.policy !== 'required') return t(`bulk.change.${change.policy}`);
      if (change.requiredFrom === undefined) return t('bulk.change.now');
      return html`${t('bulk.change.date')} ${beginElement(change.requiredFrom, locale)}`;
    case 'date':
      return html`${t('bulk.change.move')} ${beginElement(change.requiredFrom, locale)}`;
    case 'reminders':
      return html`${t('bulk.change.reminders')} ${daysWords(view, change.reminders)}`;
    case 'undo':
      return changeWords(view, undoneBy(change));
  }
}

/** What an undo puts back, as a change. */
function undoneBy({ to }: Extract<PartnerChange, { act: 'undo' }>): PartnerChange {
  return 'policy' in to ? { act: 'policy', ...to } : { act: 'reminders', ...to };
}

function daysWords({ t }: View, days: ReminderDays): string {
  return days.length === 0 ? t('bulk.days.none') : days.join(', ');
}

/** Why an item changed nothing. A code that this version does not know is shown as it is. */
export function noteWords({ t }: View, note: string | null): string {
  const key = NOTES[note ?? ''];
  return key === undefined ? (note ?? '') : t(key);
}

const NOTES: Readonly<Record<string, PlainKey>> = {
  same: 'bulk.note.same',
  no_date_ahead: 'bulk.note.noDateAhead',
  changed_since: 'bulk.note.changedSince',
  partner: 'bulk.note.partner',
  internal_error: 'bulk.note.internalError',
  cells: 'bulk.fault.cells',
  slug: 'bulk.fault.slug',
  policy: 'bulk.fault.policy',
  from: 'bulk.fault.from',
  from_alone: 'bulk.fault.fromAlone',
  duplicate: 'bulk.fault.duplicate',
  email: 'import.fault.email',
  email_missing: 'import.fault.emailMissing',
  email_taken: 'import.fault.emailTaken',
  email_reserved: 'import.fault.emailReserved',
  name: 'import.fault.name',
  partner_missing: 'import.fault.partnerMissing',
  partner_name: 'import.fault.partnerName',
  partner_archived: 'import.fault.partnerArchived',
  partner_differs: 'import.fault.partnerDiffers',
  policy_differs: 'import.fault.policyDiffers',
  role: 'import.fault.role',
  slug_taken: 'import.fault.slugTaken',
  exists: 'import.note.exists',
  accepted: 'import.note.accepted',
  user: 'import.note.gone',
  user_disabled: 'import.note.disabled',
};
