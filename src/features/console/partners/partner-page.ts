import { confirmButtons } from '#features/console/act-pages.ts';
import { trailGrid } from '#features/console/audit/trail-page.ts';
import { consolePage, type Done, errorAt, type Refused } from '#features/console/frame-page.ts';
import type { PeopleList, ShownPartner, TrailEvent } from '#features/console/lists.ts';
import { peopleGrid, peopleTools } from '#features/console/people/people-page.ts';
import type { ConsolePart } from '#features/console/tabs-page.ts';
import { actions, form, linkButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, dateElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { PartnerHistory } from './history.ts';
import { historySection } from './history-page.ts';
import { lookState } from './look-page.ts';
import { policyState } from './partners-page.ts';
import { passkeyPolicyState } from './passkeys-page.ts';

export type PartnerView = {
  readonly partner: ShownPartner;
  readonly people: number;
  readonly enrolled: number;
  readonly missing: number;
  readonly exempt: number;
  readonly resetsWithoutCode: boolean;
  /** The future days on which people without an authenticator get a reminder. */
  readonly remindersAt: readonly number[];
  readonly list: PeopleList;
  readonly trail: readonly TrailEvent[];
  readonly history: PartnerHistory;
  readonly notes: { readonly owner: string | undefined; readonly notes: string };
  readonly reminderDays: readonly number[];
  readonly done?: Done | undefined;
};

/** The rest is one link away, in the audit log. */
const TRAIL_SHOWN = 8;

/** One partner: its progress, its policy, its people, and its last events. */
export function partnerPage(view: View, page: PartnerView): Html {
  const { t } = view;
  const { partner, list, trail, history } = page;
  const path = `/console/partners/${partner.id}`;
  return consolePage(view, {
    title: partner.name,
    part: 'partners',
    above: { href: '/console/partners', label: t('console.partners') },
    done: page.done,
    body: html`${partner.archivedAt !== undefined && html`<p class="notice info">${t('partner.archived')}</p>`}
${dataList(factsOf(view, page, path))}
${actions(
  partner.policy === 'required' &&
    page.missing > 0 &&
    linkButton(`/console/reminders?partner=${partner.id}`, t('partner.remindNow')),
  linkButton(`${path}/letter`, t('letter.open')),
  linkButton(`${path}/rename`, t('partner.rename')),
  linkButton(`${path}/${partner.archivedAt === undefined ? 'archive' : 'restore'}`, archiveLabel(view, partner)),
)}
${historySection(view, history)}
<section><h2 id="trail">${t('partner.trail')}</h2>${trailGrid(view, trail.slice(0, TRAIL_SHOWN), `/console/audit?partner=${partner.slug}`)}</section>
<section><h2 id="people">${t('partner.people')}</h2>${peopleTools(view, path, list, partner.archivedAt === undefined)}
<div id="results">${peopleGrid(view, path, list)}</div></section>`,
  });
}

function archiveLabel({ t }: View, { archivedAt }: ShownPartner): string {
  return t(archivedAt === undefined ? 'partner.archive' : 'partner.restore');
}

function factsOf(view: View, page: PartnerView, path: string) {
  const { t } = view;
  const { partner, people, enrolled, missing, exempt } = page;
  return [
    {
      label: t('partners.policy'),
      value: policyState(view, partner),
      action: linkButton(`${path}/policy`, t('partner.policy.change'), 'primary'),
    },
    {
      label: t('partners.adoption'),
      value: html`${t('partner.adoption', { enrolled, people })} ${t('partner.missing', { missing, exempt })}`,
    },
    {
      label: t('partner.reminders'),
      value: reminders(view, page),
      action: linkButton(`${path}/reminders`, t('partner.reminders.change')),
    },
    ...rulesOf(view, page, path),
    {
      label: t('look.label'),
      value: lookState(view, partner),
      action: linkButton(`${path}/look`, t('look.change')),
    },
    {
      label: t('partner.notes.label'),
      value: html`${page.notes.owner ?? t('rollout.owner.none')}${page.notes.notes !== '' && html`<br><span class="notes">${page.notes.notes}</span>`}`,
      action: linkButton(`${path}/notes`, t('partner.notes.change')),
    },
  ];
}

/** The rules of a partner beside its policy. */
function rulesOf(view: View, { partner, resetsWithoutCode }: PartnerView, path: string) {
  const { t } = view;
  const resets = t(resetsWithoutCode ? 'partner.resets.without' : 'partner.resets.with');
  const mayChangeResets = view.staff === 'admin';
  return [
    {
      label: t('passkeyPolicy.policy'),
      value: passkeyPolicyState(view, {
        policy: partner.passkeyPolicy ?? 'allowed',
        requiredFrom: partner.passkeyRequiredFrom,
      }),
      action: linkButton(`${path}/passkeys`, t('partner.passkeys.change')),
    },
    {
      label: t('partner.resets'),
      value: resets,
      ...(mayChangeResets && { action: linkButton(`${path}/resets`, t('partner.resets.change')) }),
    },
    {
      label: t('partner.trusted'),
      value: t(partner.trustedDevices ? 'partner.trusted.on' : 'partner.trusted.off'),
      action: linkButton(
        `${path}/trusted-devices`,
        t(partner.trustedDevices ? 'partner.trusted.forbid' : 'partner.trusted.allow'),
      ),
    },
  ];
}

/** Which reminders are due, from the date alone. */
function reminders(view: View, { remindersAt, partner, missing, reminderDays }: PartnerView): Content {
  const { t, locale } = view;
  if (partner.policy !== 'required') return t('partner.reminders.off');
  if (reminderDays.length === 0) return t('partner.reminders.never');
  if (missing === 0) return t('partner.reminders.nobody');
  if (remindersAt.length === 0) return t('partner.reminders.overdue');
  const days = remindersAt.map((at, index) => html`${index > 0 && ', '}${dateElement(at, locale)}`);
  return html`${t('partner.reminders.due')} ${days}`;
}

type NameForm = {
  readonly title: string;
  readonly action: string;
  readonly above: { readonly href: string; readonly label: string };
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
  /** The short name, only while it can still be chosen. */
  readonly slug?: { readonly value: string; readonly label: string; readonly hint: string };
  readonly button: string;
  readonly refusal?: Refused | undefined;
};

/** The form for a name: a new partner with its short name, or the new name of an existing one. */
export function nameFormPage(view: View, page: NameForm): Html {
  const { refusal, slug } = page;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  return consolePage(view, {
    title: page.title,
    part: 'partners',
    above: page.above,
    narrow: true,
    refusal,
    body: form(
      view,
      page.action,
      html`${textField({
        id: 'name',
        name: 'name',
        label: page.label,
        hint: page.hint,
        autocomplete: 'off',
        value: page.value,
        error: error('name'),
      })}
${slug && textField({ id: 'slug', name: 'slug', ...slug, autocomplete: 'off', required: false, error: error('slug') })}
${confirmButtons(view, { title: page.button, above: page.above })}`,
    ),
  });
}

type Question = {
  readonly title: string;
  readonly text: Content;
  readonly action: string;
  readonly above: { readonly href: string; readonly label: string };
  readonly isGrave?: boolean;
  /** What the form carries unseen. */
  readonly fields?: Content;
  readonly part?: ConsolePart;
};

/** What the act will do, and the button that does it: the title names both. */
export function questionPage(view: View, page: Question): Html {
  return consolePage(view, {
    title: page.title,
    part: page.part ?? 'partners',
    above: page.above,
    narrow: true,
    body: html`<p>${page.text}</p>
${form(view, page.action, html`${page.fields}${confirmButtons(view, page)}`)}`,
  });
}
