import { consolePage } from '#features/console/frame-page.ts';
import type { PlainKey } from '#messages/messages.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { notice, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { SETTINGS } from './words-page.ts';

/** What became of it. */
type TestMail =
  | { readonly state: 'sent'; readonly at: number }
  | { readonly state: 'refused'; readonly fault: string }
  | { readonly state: 'later'; readonly fault: string; readonly nextTryAt: number }
  | { readonly state: 'queued' | 'noServer' };

type TestMailPage = {
  readonly id: string;
  readonly email: string;
  /** Absent before one was sent. */
  readonly mail: TestMail | undefined;
  readonly perHour: number;
};

/** What became of the test mail: queued, accepted by the mail server, or why not. */
export function testMailPage(view: View, { id, email, mail, perHour }: TestMailPage): Html {
  const { t } = view;
  const isOpen = mail?.state === 'queued' || mail?.state === 'later';
  const again = form(view, `${SETTINGS}/test-mail`, submitButton(t('settings.test.button'), 'quiet'));
  return consolePage(view, {
    title: t('settings.test'),
    part: 'settings',
    above: { href: SETTINGS, label: t('console.settings') },
    narrow: true,
    body: html`${mail === undefined ? html`<p class="lead">${t('settings.test.goes', { email, count: perHour })}</p>` : notice(outcome(view, email, mail), mail.state === 'sent' ? 'success' : 'info')}
${isOpen && actions(linkButton(`${SETTINGS}/test-mail?mail=${id}`, t('settings.test.look'), 'primary'))}${again}`,
  });
}

function outcome({ t, locale }: View, email: string, mail: TestMail): Content {
  switch (mail.state) {
    case 'sent':
      return html`${t('settings.test.sent', { email })} ${timeElement(mail.at, locale)}. ${t('settings.test.sent.look')}`;
    case 'refused':
      return html`${t('settings.test.refused', { email })}<br>${t(faultKey(mail.fault))} <code>${mail.fault}</code>`;
    case 'later':
      return html`${t('settings.test.later', { email })} ${timeElement(mail.nextTryAt, locale)}.<br>${t(faultKey(mail.fault))} <code>${mail.fault}</code>`;
    default:
      return t(`settings.test.${mail.state}`, { email });
  }
}

/** The codes of a fault, as `mail/answer.ts` joins them: of the client, the command, the answer of the server. */
const FAULTS: readonly (readonly [RegExp, PlainKey])[] = [
  [/^EAUTH|^ENOAUTH|^EOAUTH2/, 'settings.test.fault.login'],
  [/^ETLS/, 'settings.test.fault.tls'],
  [/^EDNS/, 'settings.test.fault.name'],
  [/RCPT TO/, 'settings.test.fault.recipient'],
  [/\bDATA\b|^EMESSAGE/, 'settings.test.fault.message'],
  [/MAIL FROM|EHLO|HELO|\bCONN [45]/, 'settings.test.fault.sender'],
  [/^ECONN|^ETIMEDOUT|^ESOCKET|^EPROTOCOL|CONN/, 'settings.test.fault.connection'],
];

export function faultKey(fault: string): PlainKey {
  return FAULTS.find(([codes]) => codes.test(fault))?.[1] ?? 'settings.test.fault.other';
}
