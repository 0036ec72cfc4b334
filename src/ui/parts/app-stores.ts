import { PATHS } from '#core/paths.ts';
import type { View } from '#ui/view.ts';
import { type Html, html } from './html.ts';

type App = { readonly name: string; readonly iphone: string; readonly android: string };

/** The pages of the makers, as their stores name them. */
const APPS: readonly App[] = [
  {
    name: 'Google Authenticator',
    iphone: 'https://apps.apple.com/app/id388497605',
    android: 'https://play.google.com/store/apps/details?id=com.google.android.apps.authenticator2',
  },
  {
    name: 'Microsoft Authenticator',
    iphone: 'https://apps.apple.com/app/id983156458',
    android: 'https://play.google.com/store/apps/details?id=com.azure.authenticator',
  },
];

/** Where a person without an app gets one. */
export function appStores({ t }: View): Html {
  const link = (href: string, label: string) => html`<a href="${href}" rel="noopener" target="_blank">${label}</a>`;
  const items = APPS.map(
    ({ name, iphone, android }) =>
      html`<li>${name}: ${link(iphone, t('setUp.apps.iphone'))} · ${link(android, t('setUp.apps.android'))}</li>`,
  );
  return html`<details class="more"><summary>${t('setUp.apps')}</summary><div><p>${t('setUp.apps.lead')}</p><ul>${items}</ul>
<p>${t('setUp.apps.other')} <a href="${PATHS.helpSetUp}">${t('setUp.help')}</a></p></div></details>`;
}
