import { layout } from '#ui/layout.ts';
import { linkButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

/** Redirects at once by itself. The link is for a browser that does not. */
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
