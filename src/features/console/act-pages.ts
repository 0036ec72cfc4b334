import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';
import { consolePage, errorAt, type Refused } from './frame-page.ts';

export type Above = { readonly href: string; readonly label: string };

type ReasonPage = {
  readonly title: string;
  readonly text: string;
  /** More consequences of the act, one line each. */
  readonly also?: readonly string[];
  readonly action: string;
  readonly above: Above;
  readonly part?: 'partners' | 'staff';
  readonly isGrave: boolean;
  /** False for an act that needs no reason. */
  readonly asksWhy?: boolean;
  readonly reason: string;
  /** The last day of an exemption as typed, and the first and last day that the form accepts. */
  readonly until?: { readonly value: string; readonly min: string; readonly max: string } | undefined;
  readonly refusal?: Refused | undefined;
};

/** The page of an act that requires a reason. */
export function reasonPage(view: View, page: ReasonPage): Html {
  const { refusal, until } = page;
  const { t } = view;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  return consolePage(view, {
    title: page.title,
    part: page.part ?? 'partners',
    above: page.above,
    narrow: true,
    refusal,
    body: html`<p class="lead">${page.text}</p>
${page.also && page.also.length > 0 && html`<ul>${page.also.map((line) => html`<li class="anywhere">${line}</li>`)}</ul>`}
${form(
  view,
  page.action,
  html`${page.asksWhy !== false && reasonField(view, page.reason, error('reason'))}
${
  until &&
  textField({
    id: 'until',
    name: 'until',
    label: t('person.exempt.until'),
    hint: t('person.exempt.until.hint'),
    type: 'date',
    ...until,
    autocomplete: 'off',
    error: error('until'),
  })
}
${confirmButtons(view, page)}`,
)}`,
  });
}

/** The button of an act, with its verb and the name, and the way back without it. */
export function confirmButtons(
  { t }: View,
  { title, above, isGrave }: { readonly title: string; readonly above: Above; readonly isGrave?: boolean | undefined },
): Html {
  return html`<div class="actions">${submitButton(title, isGrave ? 'danger' : 'primary')}${linkButton(above.href, t('button.cancel'))}</div>`;
}

export function reasonField(
  { t }: Pick<View, 't'>,
  value: string,
  error: string | undefined,
  { hint = t('act.reason.hint'), required = true } = {},
): Html {
  return textField({
    id: 'reason',
    name: 'reason',
    label: t('act.reason'),
    hint,
    autocomplete: 'off',
    required,
    value,
    error,
    spellcheck: true,
  });
}
