import { type Above, confirmButtons, reasonField } from '#features/console/act-pages.ts';
import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { doneWith } from '#features/console/programs/secret-page.ts';
import { actions, copyButton, form } from '#ui/parts/actions.ts';
import { radios, selectField } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

type Part = 'partners' | 'staff';

export type ResetForm = {
  readonly reason: string;
  readonly checkedBy: string | undefined;
  readonly checkNote: string;
  readonly minutes: string;
};

type ResetPage = {
  readonly name: string;
  readonly action: string;
  readonly above: Above;
  readonly part: Part;
  readonly withCode: boolean;
  /** Whether a second member of staff must approve. */
  readonly needsSecond: boolean;
  /** Open sessions that the reset will end. */
  readonly sessions: number;
  readonly typed: ResetForm;
  readonly refusal?: Refused | undefined;
};

/** The reason, how staff checked who is asking, and how long the code for the new set-up is valid. */
export function resetPage(view: View, page: ResetPage): Html {
  const { t } = view;
  const { typed, refusal, needsSecond } = page;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  const title = t(needsSecond ? 'act.reset.ask.button' : 'act.reset-mfa.button', { name: page.name });
  return consolePage(view, {
    title,
    part: page.part,
    above: page.above,
    narrow: true,
    refusal,
    body: html`<p class="lead">${t('resets.lead', { name: page.name, sessions: page.sessions })}</p>
${form(
  view,
  page.action,
  html`${reasonField(view, typed.reason, error('reason'))}
${radios({
  name: 'checked_by',
  legend: t('resets.checkedBy'),
  value: typed.checkedBy,
  error: error('checked_by'),
  options: CHECKS.map((value) => ({ value, label: t(`resets.check.${value}`) })),
})}
${textField({
  id: 'check_note',
  name: 'check_note',
  label: t('resets.checkNote'),
  hint: t('resets.checkNote.hint'),
  autocomplete: 'off',
  value: typed.checkNote,
  error: error('check_note'),
  spellcheck: true,
})}
${page.withCode ? minutesField(view, typed.minutes) : html`<p>${t('resets.withoutCode')}</p>`}
${needsSecond && html`<p>${t('resets.second')}</p>`}
${confirmButtons(view, { title, above: page.above, isGrave: true })}`,
)}`,
  });
}

const CHECKS = ['callback', 'video', 'in_person', 'manager', 'other'] as const;
const LONGEST_MINUTES = 1440;
const MINUTES = [10, 30, 60, 240, LONGEST_MINUTES] as const;

/** The choices up to the longest life that the rules allow, and that one itself. */
function minutesField({ t, rules }: View, value: string): Html {
  const most = rules?.accessCodeMinutes ?? LONGEST_MINUTES;
  const shorter = MINUTES.filter((minutes) => minutes < most);
  return selectField({
    id: 'minutes',
    name: 'minutes',
    label: t('resets.minutes'),
    value,
    options: [...shorter, most].map((minutes) => ({
      value: String(minutes),
      label: t('resets.minutes.value', { minutes }),
    })),
  });
}

type CodeForm = {
  readonly name: string;
  readonly action: string;
  readonly part: Part;
  readonly above: Above;
  readonly minutes: string;
};

/** A new code for a completed reset. */
export function codeFormPage(view: View, page: CodeForm): Html {
  const { t } = view;
  const title = t('act.access-code.button', { name: page.name });
  return consolePage(view, {
    title,
    part: page.part,
    above: page.above,
    narrow: true,
    body: html`<p class="lead">${t('resets.renew')}</p>
${form(view, page.action, html`${minutesField(view, page.minutes)}${confirmButtons(view, { title, above: page.above })}`)}`,
  });
}

/** In groups that can be read aloud one by one. The gaps are only style, so a copy has none. */
function spoken(code: string): Content {
  return code.split('-').map((group, index) => html`${index > 0 && '-'}<span>${group}</span>`);
}

type CodePage = {
  readonly name: string;
  readonly part: Part;
  readonly above: Above;
  readonly sessions: number | undefined;
  readonly accessCode: { readonly code: string; readonly expiresAt: number } | undefined;
  /** Whether the person gets a mail. Disabled people get none. */
  readonly isMailed?: boolean | undefined;
  /** The target of the Done form. */
  readonly action: string;
};

/** The code. Only the person who made it can see it, for ten minutes. */
export function codePage(view: View, page: CodePage): Html {
  const { name, part, above, sessions, accessCode, isMailed, action } = page;
  const { t, locale } = view;
  return consolePage(view, {
    title: t(sessions === undefined ? 'resets.newCode' : 'resets.done'),
    part,
    above,
    narrow: true,
    body: html`${sessions !== undefined && html`<p class="lead">${t('resets.done.text', { name, sessions, told: isMailed ? 'yes' : 'no' })}</p>`}
${
  accessCode
    ? html`<p>${t('resets.give', { name })}</p>
<p class="secret spoken" translate="no"><code>${spoken(accessCode.code)}</code></p>
${actions(copyButton({ text: accessCode.code, label: t('setUp.copy'), copiedLabel: t('setUp.copied') }))}
<p>${t('resets.open.until')} ${timeElement(accessCode.expiresAt, locale)}.</p>`
    : html`<p>${t('resets.withoutCode')}</p>`
}
${doneWith(view, action, { href: above.href, label: t('resets.back', { name }) })}`,
  });
}
