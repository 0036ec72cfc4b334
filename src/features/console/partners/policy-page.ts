import { consolePage, type Refused } from '#features/console/frame-page.ts';
import type { ShownPartner } from '#features/console/lists.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { radios } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { beginElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { policyState } from './partners-page.ts';
import type { PolicyChoice, PolicyTyped } from './policy-choice.ts';

type Preview = {
  readonly people: number;
  readonly missing: number;
  readonly exempt: number;
  readonly endsSessions: number;
};

type PolicyPage = {
  readonly partner: ShownPartner;
  readonly typed: PolicyTyped;
  readonly refusal?: Refused | undefined;
  /** Set after a choice was made: the people that it affects. */
  readonly preview?: { readonly choice: PolicyChoice; readonly counts: Preview } | undefined;
};

/** The policy of a partner: first the choice, then the people that it affects, and only then the button. */
export function policyPage(view: View, page: PolicyPage): Html {
  const { t } = view;
  const { partner, preview, refusal } = page;
  return consolePage(view, {
    title: t('policy.title'),
    part: 'partners',
    above: { href: `/console/partners/${partner.id}`, label: partner.name },
    narrow: true,
    refusal,
    body: html`<p class="lead">${t('policy.now')} ${policyState(view, partner)}</p>
${preview ? previewPart(view, partner, preview) : choiceForm(view, page)}`,
  });
}

function choiceForm({ t }: View, { partner, typed, refusal }: PolicyPage): Html {
  const error = (fieldId: string) => (refusal?.fieldId === fieldId ? refusal.title : undefined);
  const options = (['off', 'optional', 'now', 'date'] as const).map((value) => ({
    value,
    label: t(`policy.choice.${value}`),
    hint: t(`policy.hint.${value}`),
  }));
  return html`<form method="get" action="/console/partners/${partner.id}/policy" novalidate>
${radios({ name: 'policy', legend: t('policy.choose'), options, value: typed.policy, error: error('policy') })}
${textField({
  id: 'from',
  name: 'from',
  label: t('policy.from'),
  hint: t('policy.from.hint'),
  type: 'date',
  autocomplete: 'off',
  required: false,
  value: typed.from,
  error: error('from'),
})}
${submitButton(t('policy.preview'))}</form>`;
}

function previewPart(view: View, { id }: ShownPartner, { choice, counts }: NonNullable<PolicyPage['preview']>): Html {
  const { t } = view;
  const path = `/console/partners/${id}/policy`;
  return html`<section class="preview"><h2>${newPolicy(view, choice)}</h2>
<p><strong>${t('policy.hits', { missing: counts.missing, people: counts.people })}</strong></p>
<p>${effect(view, choice, counts)}</p>
${counts.exempt > 0 && html`<p>${t('policy.spares', { exempt: counts.exempt })}</p>`}</section>
${form(
  view,
  path,
  html`<input type="hidden" name="policy" value="${choice.typed.policy}"><input type="hidden" name="from" value="${choice.typed.from}">
<div class="actions">${submitButton(t('policy.confirm'))}${linkButton(path, t('policy.other'))}</div>`,
)}`;
}

function newPolicy({ t, locale }: View, { policy, requiredFrom }: PolicyChoice): Content {
  if (policy !== 'required') return t(`policy.choice.${policy}`);
  if (requiredFrom === undefined) return t('policy.choice.now');
  return html`${t('policy.choice.date')} ${beginElement(requiredFrom, locale)}`;
}

function effect({ t }: View, { policy, requiredFrom }: PolicyChoice, { endsSessions }: Preview): string {
  if (policy === 'off') return t('policy.effect.off');
  if (policy === 'optional') return t('policy.effect.optional');
  return requiredFrom === undefined ? t('policy.effect.now', { sessions: endsSessions }) : t('policy.effect.date');
}
