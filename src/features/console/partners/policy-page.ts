import { consolePage, type Refused } from '#features/console/frame-page.ts';
import type { ListedPerson, ShownPartner } from '#features/console/lists.ts';
import { linkButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { personCells } from '#ui/parts/people.ts';
import { beginElement, dateElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { policyState } from './partners-page.ts';
import type { PolicyChoice, PolicyTyped } from './policy-choice.ts';
import { confirmPolicy, policyForm } from './policy-form-page.ts';

type Preview = {
  readonly people: number;
  readonly missing: number;
  readonly exempt: number;
  readonly endsSessions: number;
};

type Previewed = {
  readonly choice: PolicyChoice;
  readonly counts: Preview;
  /** The first of the people without an authenticator. */
  readonly missing: readonly ListedPerson[];
  /** The mail that they get, and when. */
  readonly mails: readonly { readonly at: number; readonly subject: string; readonly text: string }[];
};

type PolicyPage = {
  readonly partner: ShownPartner;
  readonly typed: PolicyTyped;
  readonly refusal?: Refused | undefined;
  /** Set after a choice was made: the people that it affects. */
  readonly preview?: Previewed | undefined;
};

/** The policy of a partner: first the choice, then the people that it affects, and only then the button. */
export function policyPage(view: View, page: PolicyPage): Html {
  const { t } = view;
  const { partner, preview, refusal } = page;
  return consolePage(view, {
    title: t('act.policy.button', { name: partner.name }),
    part: 'partners',
    above: { href: `/console/partners/${partner.id}`, label: partner.name },
    narrow: preview === undefined,
    refusal,
    body: html`<p class="lead">${t('policy.now')} ${policyState(view, partner)}</p>
${preview ? previewPart(view, partner, preview) : choiceForm(view, page)}`,
  });
}

function choiceForm(view: View, { partner, typed, refusal }: PolicyPage): Html {
  const { t } = view;
  const options = (['off', 'optional', 'now', 'date'] as const).map((value) => ({
    value,
    label: t(`policy.choice.${value}`),
    hint: t(`policy.hint.${value}`),
  }));
  const path = `/console/partners/${partner.id}/policy`;
  return policyForm(view, { path, legend: t('policy.choose'), options, typed, refusal });
}

function previewPart(view: View, partner: ShownPartner, preview: Previewed): Html {
  const { id } = partner;
  const { choice, counts } = preview;
  const { t } = view;
  const path = `/console/partners/${id}/policy`;
  return html`<section class="preview"><h2>${newPolicy(view, choice)}</h2>
<p><strong>${t('policy.hits', { missing: counts.missing, people: counts.people })}</strong></p>
<p>${effect(view, choice, counts)}</p>
${counts.exempt > 0 && html`<p>${t('policy.spares', { exempt: counts.exempt })}</p>`}</section>
${confirmPolicy(view, { path, typed: choice.typed, button: t('act.policy.button', { name: partner.name }) }, linkButton(`/console/partners/${id}`, t('button.cancel')))}
${mailsPart(view, preview)}
${peoplePart(view, id, preview)}`;
}

function mailsPart(view: View, { mails }: Previewed): Content {
  const { t, locale } = view;
  if (mails.length === 0) return html`<p class="hint">${t('policy.mails.none')}</p>`;
  return html`<section><h2>${t('policy.mails')}</h2>${mails.map(
    ({ at, subject, text }) =>
      html`<div class="quoted"><p class="hint">${dateElement(at, locale)}</p><p><strong>${subject}</strong></p><p>${text}</p></div>`,
  )}</section>`;
}

function peoplePart(view: View, id: string, { missing, counts }: Previewed): Content {
  const { t } = view;
  if (missing.length === 0) return undefined;
  const more = counts.missing + counts.exempt - missing.length;
  return html`<section><h2>${t('policy.who')}</h2>${grid({
    caption: t('policy.who'),
    isShort: true,
    columns: [
      { label: t('people.name'), phone: 'head' },
      { label: t('people.state'), phone: 'end' },
      { label: t('people.mfa') },
    ],
    rows: missing.map((row) => personCells(view, row, { path: `/console/people/${row.id}`, isUndelivered: false })),
    empty: '',
  })}${more > 0 && html`<p class="quiet"><a href="/console/partners/${id}?state=missing#people">${t('policy.who.more', { count: more })}</a></p>`}</section>`;
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
