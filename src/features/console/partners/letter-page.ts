import type { Brand } from '#core/brand/brand.ts';
import { consolePage } from '#features/console/frame-page.ts';
import type { ShownPartner } from '#features/console/lists.ts';
import { STAFF_LOCALES, type StaffLocale } from '#messages/locales.ts';
import { translator } from '#messages/messages.ts';
import { actions, linkButton, printButton } from '#ui/parts/actions.ts';
import { qr } from '#ui/parts/codes.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { beginElement, contactLink } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/**
 * A letter for a partner to print: what changes, when, how to set it up, and where help is. In the languages of the
 * console one after the other, because staff rarely know which one its readers speak.
 */
type Letter = {
  readonly partner: ShownPartner;
  /** What its people see. */
  readonly brand: Brand;
  /** The help page on setting up, and its address as a QR code. */
  readonly help: { readonly address: string; readonly qr: string };
};

export function letterPage(view: View, page: Letter): Html {
  const { t } = view;
  const { partner } = page;
  const back = { href: `/console/partners/${partner.id}`, label: partner.name };
  return consolePage(view, {
    title: t('letter.title', { partner: partner.name }),
    part: 'partners',
    above: back,
    body: html`<div class="screen-only"><p class="lead">${t('letter.lead')}</p>
${actions(printButton(t('recoveryCodes.print')), linkButton(back.href, t('letter.back')))}</div>
${STAFF_LOCALES.map((locale) => letter({ ...view, brand: page.brand }, page, locale))}`,
  });
}

function letter(view: View, { partner, help }: Letter, locale: StaffLocale): Html {
  const t = translator(locale);
  const product = view.brand.name;
  const contact = contactLink(view.brand);
  return html`<section class="letter" lang="${locale}"><p>${partner.name}</p>
<h2>${t('letter.subject', { product })}</h2>
<p>${t('letter.what', { product })}</p>
<p><strong>${when(view, partner, locale)}</strong></p>
<h3>${t('letter.how')}</h3>
<div class="letter-how"><ol>
<li>${t('letter.step1')}</li><li>${t('letter.step2', { address: view.config.publicUrl.origin })}</li><li>${t('letter.step3')}</li><li>${t('letter.step4')}</li></ol>
<div>${qr(help.qr, t('letter.qr'))}<p class="anywhere"><a href="${help.address}">${help.address}</a></p></div></div>
<p>${t('letter.help')} ${contact !== undefined && html`${t('letter.contact')} ${contact}`}</p></section>`;
}

function when(view: View, { policy, requiredFrom }: ShownPartner, locale: StaffLocale): Content {
  const t = translator(locale);
  if (policy !== 'required') return t('letter.when.open');
  if (requiredFrom === undefined || requiredFrom <= view.now) return t('letter.when.now');
  return html`${t('letter.when.date')} ${beginElement(requiredFrom, locale)}.`;
}
