import { actions, copyButton, linkButton } from '#http/parts/actions.ts';
import { type Html, html } from '#http/parts/html.ts';
import type { View } from '#http/view.ts';
import { type ConsolePart, consolePage } from './frame-page.ts';

type SecretPage = {
  readonly title: string;
  readonly part: ConsolePart;
  readonly text: string;
  readonly secret: string;
  readonly above: { readonly href: string; readonly label: string };
};

/** The one time that the secret of a program is shown, to whoever made it. */
export function secretPage(view: View, { title, part, text, secret, above }: SecretPage): Html {
  const { t } = view;
  return consolePage(view, {
    ...{ title, part, above, narrow: true },
    body: html`<p class="lead">${text}</p>
<p class="secret" translate="no"><code>${secret}</code></p>
${actions(copyButton({ text: secret, label: t('setUp.copy'), copiedLabel: t('setUp.copied') }))}
<p><strong>${t('keys.once')}</strong></p>
${actions(linkButton(above.href, above.label, 'primary'))}`,
  });
}
