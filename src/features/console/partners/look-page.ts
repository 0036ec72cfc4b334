import type { Brand } from '#core/brand/brand.ts';
import type { TypedLook } from '#core/brand/look.ts';
import type { AccentContrast, Scheme } from '#core/brand/palette.ts';
import { consolePage, type Done, errorAt, type Refused } from '#features/console/frame-page.ts';
import type { ShownPartner } from '#features/console/lists.ts';
import { logoOnGround, logoUpload } from '#features/console/logo-page.ts';
import { mark } from '#ui/layout.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { attributes, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

type LookPage = {
  readonly partner: ShownPartner;
  readonly typed: TypedLook;
  /** What people of the partner would see. */
  readonly brand: Brand;
  /** Both schemes, with the contrast of the hue. */
  readonly samples: readonly Sample[];
  /** The address of the sheet that gives the samples this hue. */
  readonly sheet: string;
  /** The scheme whose logo was refused. */
  readonly scheme?: Scheme | undefined;
  readonly refusal?: Refused | undefined;
  readonly done?: Done | undefined;
};

type Sample = { readonly scheme: Scheme; readonly contrast: AccentContrast; readonly needed: number };

/** What the people of a partner see: the form, both schemes with it, and the logos. */
export function lookPage(view: View, page: LookPage): Html {
  const { t } = view;
  const { partner, brand, samples, refusal } = page;
  const above = { href: `/console/partners/${partner.id}`, label: partner.name };
  return consolePage(view, {
    title: t('look.title', { partner: partner.name }),
    part: 'partners',
    above,
    done: page.done,
    refusal,
    assets: ['look.css', 'look.js'],
    body: html`<link rel="stylesheet" href="${page.sheet}">
<p class="lead">${t('look.lead', { partner: partner.name, service: view.brand.name })}</p>
<div class="beside"><div>${lookForm(view, page, above.href)}</div>
<section id="preview"><h2>${t('look.preview')}</h2><div class="samples">${samples.map((one) => sample(view, brand, one))}</div></section></div>
<section><h2>${t('look.logo')}</h2><p class="quiet">${t('look.logo.hint')}</p>
<div class="beside">${samples.map(({ scheme }) => logoForms(view, page, scheme))}</div></section>`,
  });
}

function lookForm(view: View, { typed, refusal }: LookPage, partner: string): Html {
  const { t, brand } = view;
  const field = (id: string, value: string, label: string, hint: string) =>
    ({ id, name: id, value, label, hint, autocomplete: 'off', required: false, error: errorAt(refusal, id) }) as const;
  const names = { service: brand.name, issuer: brand.issuer };
  const hue = { type: 'number', min: '0', max: '360', data: { 'data-hue': String(brand.hue) } } as const;
  return form(
    view,
    `${partner}/look`,
    html`${textField(field('name', typed.name, t('look.name'), t('look.name.hint', names)))}
${textField({ ...field('hue', typed.hue, t('look.hue'), t('look.hue.hint', { hue: brand.hue })), ...hue })}
${textField(field('help', typed.help, t('look.help'), t('look.help.hint', names)))}
${textField({ ...field('link', typed.helpHref, t('look.link'), t('look.link.hint')), inputmode: 'url' })}
<div class="actions">${submitButton(t('look.save'))}<button${attributes({ type: 'submit', class: 'button quiet', name: 'act', value: 'preview' })}>${t('look.preview')}</button>${linkButton(partner, t('button.cancel'))}</div>`,
  );
}

const ONE_DIGIT = { minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;

/** A page of the sign-in in miniature. `look.css` gives each sample the colours of its scheme, whatever the browser has. */
function sample(view: View, brand: Brand, { scheme, contrast, needed }: Sample): Html {
  const { t, locale } = view;
  // Rounded down, so that no number promises more than there is.
  const format = new Intl.NumberFormat(locale, { ...ONE_DIGIT, roundingMode: 'floor' });
  // Not broken over lines.
  const ratio = (value: number) => `${format.format(value)}\u00a0:\u00a01`;
  const ratios = { button: ratio(contrast.button), link: ratio(contrast.link), needed: ratio(needed) };
  const { name, logo } = brand;
  const shown = logo && { light: (scheme === 'dark' ? logo.dark : undefined) ?? logo.light, dark: undefined };
  return html`<figure class="sample in-${scheme}"><figcaption>${t(`look.${scheme}`)}</figcaption>
<div class="sample-page"><p class="brand">${mark({ name, logo: shown })}<span>${name}</span></p>
<div class="sample-card"><p>${t('look.sample.text')}</p><p><span class="button primary">${t('button.verify')}</span></p><p><span class="sample-link">${t('signIn.useRecoveryCode')}</span></p></div>
${brand.supportContact !== undefined && html`<p class="quiet">${t('layout.support')} ${brand.supportContact}</p>`}</div>
<p class="quiet sample-note" data-contrast="${brand.hue}">${t('look.contrast', ratios)}</p></figure>`;
}

function logoForms(view: View, { partner, scheme: refused, refusal }: LookPage, scheme: Scheme): Html {
  const { t } = view;
  const path = `/console/partners/${partner.id}/look/logo`;
  const { logo } = partner.look ?? {};
  const error = refused === scheme ? refusal?.title : undefined;
  const carried = html`<input type="hidden" name="scheme" value="${scheme}">`;
  const own = logo?.[scheme];
  const other = t(logo === undefined ? 'look.logo.none' : 'look.logo.other');
  return html`<div><h3>${t(`look.logo.${scheme}`)}</h3>
${own === undefined ? html`<p class="quiet">${other}</p>` : html`${logoOnGround(view, scheme, `/logo/${own}`)}${form(view, `${path}/remove`, html`${carried}${submitButton(t(`look.logo.remove.${scheme}`), 'quiet')}`)}`}
${logoUpload(view, { action: path, id: `file-${scheme}`, carried, error })}</div>`;
}

/** The look of a partner in a few words. */
export function lookState({ t, brand }: View, { look }: ShownPartner): string {
  return look === undefined ? t('look.none') : (look.name ?? brand.name);
}
