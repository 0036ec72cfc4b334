import type { PasskeyPolicy } from '#core/people/policy.ts';
import { consolePage, type Refused } from '#features/console/frame-page.ts';
import type { ShownPartner } from '#features/console/lists.ts';
import { actions, csvLinks, linkButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { beginElement, dataList, notice, state } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { PasskeyPolicyChoice as Choice, PolicyTyped } from './policy-choice.ts';
import { confirmPolicy, policyForm } from './policy-form-page.ts';

type Counts = {
  readonly people: number;
  readonly withPasskey: number;
  readonly withAppAlone: number;
  readonly withPasskeyAlone: number;
};

type PasskeysPage = {
  readonly partner: ShownPartner & Pick<Choice, 'requiredFrom'> & { readonly passkeyPolicy?: PasskeyPolicy };
  readonly now: Choice;
  readonly counts: Counts;
  /** The first people without a passkey. */
  readonly missing: readonly {
    readonly id: string;
    readonly email: string;
    readonly name: string;
    readonly isEnrolled: boolean;
  }[];
  readonly typed: PolicyTyped;
  /** How many people have been reminded in the last day. */
  readonly reminded?: number | undefined;
  readonly refusal?: Refused | undefined;
  readonly preview?: { readonly choice: Choice; readonly endsSessions: number } | undefined;
};

/** Whether passkeys count for a partner, who has one, and the change: the choice, what it does, then the button. */
export function passkeysPage(view: View, page: PasskeysPage): Html {
  const { t } = view;
  const { partner, preview, refusal, counts, reminded } = page;
  return consolePage(view, {
    title: t(preview ? 'act.passkeys.button' : 'passkeyPolicy.titleOf', { name: partner.name }),
    part: 'partners',
    above: { href: `/console/partners/${partner.id}`, label: partner.name },
    refusal,
    body: html`${reminded !== undefined && notice(t('passkeyPolicy.reminded', { count: reminded }))}
${dataList([
  { label: t('passkeyPolicy.policy'), value: passkeyPolicyState(view, page.now) },
  {
    label: t('passkeyPolicy.adoption'),
    value: t('passkeyPolicy.counts', { with: counts.withPasskey, people: counts.people }),
  },
])}
${preview ? previewPart(view, page, preview) : choiceForm(view, page)}
${missingPart(view, page)}`,
  });
}

export function pathOf({ id }: Pick<ShownPartner, 'id'>): string {
  return `/console/partners/${id}/passkeys`;
}

export function passkeyPolicyState({ t, locale, now }: View, { policy, requiredFrom }: Omit<Choice, 'typed'>): Html {
  if (policy !== 'required') return state(t(`passkeyPolicy.policy.${policy}`), policy === 'allowed');
  if (requiredFrom === undefined || requiredFrom <= now) return state(t('passkeyPolicy.policy.required'), true);
  return html`${state(t('passkeyPolicy.policy.date'), false)} ${beginElement(requiredFrom, locale)}`;
}

function choiceForm(view: View, { partner, typed, refusal }: PasskeysPage): Html {
  const { t } = view;
  const options = (['off', 'allowed', 'now', 'date'] as const).map((value) => ({
    value,
    label: t(`passkeyPolicy.choice.${value}`),
    hint: t(`passkeyPolicy.hint.${value}`),
  }));
  return policyForm(view, { path: pathOf(partner), legend: t('passkeyPolicy.choose'), options, typed, refusal });
}

function previewPart(view: View, page: PasskeysPage, { choice, endsSessions }: NonNullable<PasskeysPage['preview']>) {
  const { partner, counts } = page;
  const { t } = view;
  const confirmation = {
    path: pathOf(partner),
    typed: choice.typed,
    button: t('act.passkeys.button', { name: partner.name }),
  };
  return html`<section class="preview"><h2>${passkeyPolicyState(view, choice)}</h2>
<p>${effectOf(view, choice, { ...counts, endsSessions })}</p></section>
${confirmPolicy(view, confirmation, linkButton(`/console/partners/${partner.id}`, t('button.cancel')))}`;
}

function effectOf(
  { t }: View,
  { policy, requiredFrom }: Choice,
  counts: Counts & { readonly endsSessions: number },
): Content {
  if (policy === 'off') return t('passkeyPolicy.effect.off', { alone: counts.withPasskeyAlone });
  if (policy === 'allowed') return t('passkeyPolicy.effect.allowed', { people: counts.people });
  const { withAppAlone: missing, endsSessions: sessions } = counts;
  return requiredFrom === undefined
    ? t('passkeyPolicy.effect.now', { missing, sessions })
    : t('passkeyPolicy.effect.date', { missing });
}

function missingPart(view: View, { partner, missing, counts, now, preview }: PasskeysPage): Html {
  const { t } = view;
  const path = pathOf(partner);
  const count = counts.people - counts.withPasskey;
  return html`<section class="apart"><h2>${t('passkeyPolicy.missing', { count })}</h2>
${
  missing.length > 0 &&
  grid({
    caption: t('passkeyPolicy.missing.caption'),
    isShort: true,
    columns: [
      { label: t('people.name'), phone: 'head' },
      { label: t('field.email') },
      { label: t('people.mfa'), phone: 'side' },
    ],
    rows: missing.map(({ id, name, email, isEnrolled }) => [
      html`<a href="/console/people/${id}">${name}</a>`,
      html`<span class="anywhere">${email}</span>`,
      state(t(isEnrolled ? 'passkeyPolicy.missing.app' : 'passkeyPolicy.missing.nothing'), isEnrolled),
    ]),
    empty: '',
  })
}
${missing.length < count && html`<p class="quiet">${t('passkeyPolicy.missing.more', { shown: missing.length, count })}</p>`}
${count > 0 && actions(now.policy !== 'off' && !preview && linkButton(`${path}/remind`, t('passkeyPolicy.remind')))}
${count > 0 && html`<p class="quiet">${csvLinks(t, `${path}/missing.csv`, t('passkeyPolicy.csv'))}</p>`}</section>`;
}
