import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import type { Reason, Refusal } from '#core/values/result.ts';
import type { PlainKey } from '#messages/messages.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { summaryOfFaults } from '#ui/parts/fields.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import { notice } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { type ConsolePart, consoleTabs } from './tabs-page.ts';

export type Refused = {
  readonly title: string;
  readonly text?: Content;
  readonly fieldId?: string | undefined;
  /** The other fields that do not fit. */
  readonly also?: readonly { readonly title: string; readonly fieldId: string | undefined }[];
};

/** The message beside a field, if it is one of those that do not fit. */
export function errorAt(refusal: Refused | undefined, fieldId: string): string | undefined {
  return refusal && [refusal, ...(refusal.also ?? [])].find((one) => one.fieldId === fieldId)?.title;
}

type ConsolePage = {
  readonly title: string;
  readonly part: ConsolePart;
  /** The page one level up. */
  readonly above?: { readonly href: string; readonly label: string } | undefined;
  /** For forms: short lines are easier to read. */
  readonly narrow?: boolean;
  /** Without the card around it, because the page has boxes of its own. */
  readonly isOpen?: boolean;
  /** Other files of `public/` that the page needs. */
  readonly assets?: readonly string[];
  /** What was searched, on the page with the results. */
  readonly search?: string | undefined;
  readonly done?: Done | undefined;
  readonly refusal?: Refused | undefined;
  readonly body: Content;
};

/** The act that just succeeded, as the address names it. Only words of this list are accepted. */
export const DONE = [
  ...(['created', 'renamed', 'archived', 'restored', 'policy', 'resets', 'invited', 'disabled', 'enabled'] as const),
  ...(['unlocked', 'exempted', 'unexempted', 'link', 'resent', 'requested', 'declined', 'role', 'deleted'] as const),
  ...(['revoked', 'replayed', 'mailed', 'clientAdded', 'clientDisabled', 'clientEnabled', 'trusted'] as const),
  ...(['bulkStarted', 'bulkStopped', 'reminders', 'reminding', 'notes', 'edited', 'emailAsked'] as const),
  ...(['emailMoved', 'deviceEnded', 'verified', 'settingSaved', 'look'] as const),
] as const;
export type Done = (typeof DONE)[number];

/** A page of the console: the navigation above it, and the link one level up. */
export function consolePage(view: View, page: ConsolePage): Html {
  const { above, done } = page;
  const body = html`${above && html`<p class="above"><a href="${above.href}">${above.label}</a></p>`}
${done && doneNotice(view, done)}${page.body}`;
  return layout(view, {
    title: page.title,
    width: 'console',
    search: searchBox(view, page.search),
    nav: consoleTabs(view, page.part),
    refusal: page.refusal && summaryOfFaults(view.t, [page.refusal, ...(page.refusal.also ?? [])]),
    isOpen: page.isOpen,
    assets: page.assets,
    body: page.narrow ? html`<div class="narrow">${body}</div>` : body,
  });
}

/** One box on every page for partners and people. The script moves the focus here when `/` is pressed. */
function searchBox({ t }: View, search = ''): Html {
  return html`<form method="get" action="/console/find" class="find" role="search" aria-label="${t('search.title')}">
<label class="unseen" for="find">${t('search.label')}</label><input${attributes({ id: 'find', name: 'q', type: 'search', value: search, placeholder: t('search.label'), autocomplete: 'off', spellcheck: 'false', 'data-find': true, 'aria-keyshortcuts': '/' })}>
<button type="submit" class="button quiet">${t('search.button')}</button></form>`;
}

/** What was done. Without a mail server it says that the mail waits. */
function doneNotice({ t, config }: View, done: Done): Html {
  const mailed = MAILED.find((known) => known === done);
  const waits = mailed !== undefined && config.smtp === undefined;
  return notice(t(waits ? `console.waiting.${mailed}` : `console.done.${done}`));
}

const MAILED = ['invited', 'link', 'resent'] as const;

/** For an unknown id, and for a staff id in the part of the console that shows only partners. */
export function missingPage(view: View): Html {
  const { t } = view;
  return errorPage(view, {
    status: 404,
    title: t('error.not_found.title'),
    text: t('error.not_found.text'),
    action: { href: '/console/partners', label: t('console.partners') },
  });
}

type Words = { readonly field?: string; readonly key: PlainKey };

/** Reasons that no form of the console produces, and the few that need only "nothing was changed". */
type Other = Extract<
  Reason,
  | (
      | 'accepted'
      | 'after'
      | 'already_enrolled'
      | 'api_key'
      | 'at_work'
      | 'authenticator'
      | 'authenticator_name'
      | 'bulk_job'
      | 'client'
      | 'closed'
      | 'code'
      | 'common'
    )
  | ('confirming' | 'delivery' | 'enrolled' | 'frozen' | 'host' | 'host_taken' | 'invited' | 'key' | 'key_needed')
  | (
      | 'looks_like_one_time_code'
      | 'looks_like_recovery_code'
      | 'mail'
      | 'kind_not_allowed'
      | 'most_apps'
      | 'most_authenticators'
      | 'passkeys_unavailable'
      | 'no_code'
      | 'not_enrolled'
      | 'often'
      | 'own_words'
    )
  | ('password' | 'reminded' | 'replaced_elsewhere' | 'request' | 'required' | 'required_from' | 'same_email' | 'scope')
  | (
      | 'second_needed'
      | 'setting'
      | 'sign_in_again'
      | 'since'
      | 'site'
      | 'too_long'
      | 'too_short'
      | 'undecryptable'
      | 'user'
      | 'webhook'
    )
>;

/** The field and the text for every refusal that a console form can get, by its reason. */
const WORDS = {
  name: { field: 'name', key: 'console.refused.name' },
  name_taken: { field: 'name', key: 'console.refused.nameTaken' },
  slug: { field: 'slug', key: 'console.refused.slug' },
  slug_taken: { field: 'slug', key: 'console.refused.slugTaken' },
  email: { field: 'email', key: 'signIn.emailNeeded.title' },
  email_taken: { field: 'email', key: 'console.refused.emailTaken' },
  email_reserved: { field: 'email', key: 'console.refused.emailReserved' },
  csv_columns: { field: 'file', key: 'console.refused.csvColumns' },
  csv_empty: { field: 'file', key: 'console.refused.csvEmpty' },
  csv_encoding: { field: 'file', key: 'console.refused.csvEncoding' },
  csv_faults: { field: 'file', key: 'console.refused.csvFaults' },
  csv_quote: { field: 'file', key: 'console.refused.csvQuote' },
  csv_repeated: { field: 'file', key: 'console.refused.csvRepeated' },
  csv_too_long: { field: 'file', key: 'console.refused.csvTooLong' },
  csv_too_many: { field: 'file', key: 'console.refused.csvTooMany' },
  csv_utf16: { field: 'file', key: 'console.refused.csvEncoding' },
  csv_zero: { field: 'file', key: 'console.refused.csvZero' },
  invite: { field: 'invite', key: 'console.refused.invite' },
  selection: { key: 'console.refused.selection' },
  selection_many: { key: 'console.refused.selectionMany' },
  policy: { field: 'policy', key: 'console.refused.policy' },
  from: { field: 'from', key: 'console.refused.from' },
  until: { field: 'until', key: 'console.refused.until' },
  reason_missing: { field: 'reason', key: 'console.refused.reason' },
  checked_by: { field: 'checked_by', key: 'console.refused.checkedBy' },
  check_note: { field: 'check_note', key: 'console.refused.checkNote' },
  scopes: { field: SCOPES[0], key: 'console.refused.scopes' },
  expires: { field: 'expires', key: 'console.refused.expires' },
  url: { field: 'url', key: 'console.refused.url' },
  events: { field: WEBHOOK_EVENTS[0], key: 'console.refused.events' },
  redirect_uris: { field: 'redirect_uris', key: 'console.refused.redirectUris' },
  post_logout_redirect_uris: { field: 'post_logout_redirect_uris', key: 'console.refused.postLogoutUris' },
  backchannel_logout_uri: { field: 'backchannel_logout_uri', key: 'console.refused.backchannel' },
  backchannel_internal: { field: 'backchannel_logout_uri', key: 'console.refused.backchannelInternal' },
  partner: { field: 'partners', key: 'console.refused.partners' },
  partners: { field: 'partners', key: 'console.refused.partnersMany' },
  partners_unknown: { field: 'partners', key: 'console.refused.partners' },
  jwks: { field: 'jwks', key: 'console.refused.jwks' },
  jwks_private: { field: 'jwks', key: 'console.refused.jwksPrivate' },
  jwks_type: { field: 'jwks', key: 'console.refused.jwksType' },
  bulk_not_over: { key: 'console.refused.bulkNotOver' },
  bulk_started: { key: 'console.refused.bulkStarted' },
  bulk_undone: { key: 'console.refused.bulkUndone' },
  client_without_secret: { key: 'console.refused.clientWithoutSecret' },
  last_administrator: { key: 'console.refused.lastAdministrator' },
  not_disabled: { key: 'console.refused.notDisabled' },
  own: { key: 'console.refused.own' },
  waits: { key: 'console.refused.waits' },
  reminder_days: { field: 'days', key: 'console.refused.reminderDays' },
  logo_broken: { field: 'file', key: 'look.refused.broken' },
  logo_bytes: { field: 'file', key: 'look.refused.bytes' },
  logo_kind: { field: 'file', key: 'look.refused.kind' },
  logo_missing: { field: 'file', key: 'look.refused.missing' },
  logo_moving: { field: 'file', key: 'look.refused.moving' },
  logo_pixels: { field: 'file', key: 'look.refused.pixels' },
  look_help: { field: 'help', key: 'look.refused.help' },
  look_hue: { field: 'hue', key: 'look.refused.hue' },
  look_link: { field: 'link', key: 'look.refused.link' },
  look_name: { field: 'name', key: 'look.refused.name' },
  nobody_to_remind: { key: 'console.refused.nobodyToRemind' },
  owner: { field: 'owner', key: 'console.refused.owner' },
  notes: { field: 'notes', key: 'console.refused.notes' },
  partner_archived: { key: 'console.refused.archived' },
  user_disabled: { key: 'console.refused.disabled' },
  code_minutes: { field: 'value', key: 'console.refused.codeMinutes' },
  freeze_hours: { field: 'value', key: 'console.refused.freezeHours' },
  hue: { field: 'value', key: 'console.refused.hue' },
  product_name: { field: 'value', key: 'console.refused.productName' },
  setting_choice: { field: 'value', key: 'console.refused.settingChoice' },
  support_contact: { field: 'value', key: 'console.refused.supportContact' },
  setting_changed: { key: 'console.refused.settingChanged' },
  setting_in_environment: { key: 'console.refused.settingInEnvironment' },
  resets_by_administrators: { key: 'console.refused.resetsByAdministrators' },
  webhook_disabled: { key: 'console.refused.webhookDisabled' },
} as const satisfies Readonly<Record<Exclude<Reason, Other>, Words>>;

/** Why nothing was changed, beside the field that caused it. */
export function refusedWords(view: View, refusal: Refusal): Refused {
  const words: Readonly<Partial<Record<Reason, Words>>> = WORDS;
  const wordsFor = (reason: Reason | undefined) =>
    (reason && words[reason]) ?? { key: 'console.refused.other' as const };
  const { field, key } = wordsFor(refusal.reason);
  const also = refusal.also?.map((reason) => {
    const other = wordsFor(reason);
    return { title: view.t(other.key), fieldId: other.field };
  });
  return { title: view.t(key), text: view.t('console.refused.text'), fieldId: field, ...(also && { also }) };
}
