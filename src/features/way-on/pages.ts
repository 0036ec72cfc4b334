import { layout } from '#http/layout.ts';
import { linkButton } from '#http/parts/actions.ts';
import { type Html, html } from '#http/parts/html.ts';
import type { View } from '#http/view.ts';

/** Leads on by itself at once; the link is for a browser that does not. */
export function wayOnPage(view: View, target: string): Html {
  const { t } = view;
  return layout(view, {
    title: t('wayOn.title'),
    width: 'form',
    goTo: target,
    body: html`<p class="lead">${t('wayOn.text')}</p>
<div class="actions">${linkButton(target, t('button.continue'), 'primary')}</div>`,
  });
}
