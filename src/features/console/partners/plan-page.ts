import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import type { ShownPartner } from '#features/console/lists.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { selectField } from '#ui/parts/choices.ts';
import { textArea, textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

type PlanForm = {
  readonly partner: Pick<ShownPartner, 'id' | 'name'>;
  readonly refusal?: Refused | undefined;
};

/** On how many days before the date people are reminded. */
export function remindersFormPage(view: View, page: PlanForm & { readonly days: string }): Html {
  const { t } = view;
  const { refusal } = page;
  return planPage(view, page, {
    name: 'reminders',
    title: t('partner.schedule.title', { partner: page.partner.name }),
    lead: t('partner.schedule.lead'),
    button: t('partner.schedule.save'),
    fields: textField({
      id: 'days',
      name: 'days',
      label: t('partner.schedule.days'),
      hint: t('partner.schedule.hint'),
      autocomplete: 'off',
      required: false,
      value: page.days,
      error: refusal?.fieldId === 'days' ? refusal.title : undefined,
    }),
  });
}

type NotesForm = PlanForm & {
  readonly owner: string;
  readonly notes: string;
  readonly staff: readonly { readonly id: string; readonly name: string }[];
};

/** Who looks after a partner, and what colleagues should know about it. */
export function notesFormPage(view: View, page: NotesForm): Html {
  const { t } = view;
  const { refusal, owner, notes, staff } = page;
  return planPage(view, page, {
    name: 'notes',
    title: t('partner.notes.title', { partner: page.partner.name }),
    lead: t('partner.notes.lead'),
    button: t('partner.notes.save'),
    fields: html`${selectField({
      id: 'owner',
      name: 'owner',
      label: t('rollout.owner'),
      value: owner,
      options: [
        { value: '', label: t('rollout.owner.none') },
        ...staff.map(({ id, name }) => ({ value: id, label: name })),
      ],
      error: errorAt(refusal, 'owner'),
    })}
${textArea({
  id: 'notes',
  name: 'notes',
  label: t('partner.notes'),
  hint: t('partner.notes.hint'),
  rows: 6,
  required: false,
  value: notes,
  error: errorAt(refusal, 'notes'),
})}`,
  });
}

type Plan = {
  readonly name: 'reminders' | 'notes';
  readonly title: string;
  readonly lead: string;
  readonly button: string;
  readonly fields: Content;
};

function planPage(view: View, { partner, refusal }: PlanForm, { name, title, lead, button, fields }: Plan): Html {
  const above = { href: `/console/partners/${partner.id}`, label: partner.name };
  return consolePage(view, {
    title,
    part: 'partners',
    above,
    narrow: true,
    refusal,
    body: html`<p class="lead">${lead}</p>
${form(
  view,
  `${above.href}/${name}`,
  html`${fields}<div class="actions">${submitButton(button)}${linkButton(above.href, view.t('button.cancel'))}</div>`,
)}`,
  });
}
