import { confirmButtons } from '#features/console/act-pages.ts';
import { consolePage } from '#features/console/frame-page.ts';
import type { ShownPartner } from '#features/console/lists.ts';
import { form } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { quotedMail } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { pathOf } from './passkeys-page.ts';

type RemindPage = {
  readonly partner: ShownPartner;
  /** People without a passkey who were not reminded within a day. */
  readonly due: number;
  /** The most that one click reminds. */
  readonly most: number;
  readonly mail: Parameters<typeof quotedMail>[1];
};

/** How many people the reminder of passkeys reaches, the mail they get, and the button. */
export function passkeysRemindPage(view: View, { partner, due, most, mail }: RemindPage): Html {
  const { t } = view;
  const above = { href: pathOf(partner), label: t('passkeyPolicy.policy') };
  const title = t('passkeyPolicy.remind.button', {
    count: Math.min(due, most),
    partner: partner.name,
  });
  return consolePage(view, {
    title,
    part: 'partners',
    above,
    narrow: true,
    body: html`<p class="lead">${t('passkeyPolicy.remind.lead')}</p>
${due > most && html`<p>${t('passkeyPolicy.remind.most', { most })}</p>`}
${form(view, `${above.href}/remind`, confirmButtons(view, { title, above }))}
${quotedMail(t('reminders.mail'), mail)}`,
  });
}
