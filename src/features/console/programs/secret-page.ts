import type { Above } from '#features/console/act-pages.ts';
import { consolePage } from '#features/console/frame-page.ts';
import type { ConsolePart } from '#features/console/tabs-page.ts';
import { errorPage } from '#ui/layout.ts';
import { actions, copyButton, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

type SecretPage = {
  readonly title: string;
  readonly part: ConsolePart;
  readonly text: string;
  readonly secret: string;
  /** More content around the secret. */
  readonly also?: Content;
  readonly above: Above;
  /** The target of the Done form. */
  readonly action: string;
};

/** The secret of a program. Only the person who created it can see it, for ten minutes. */
export function secretPage(view: View, { title, part, text, secret, also, above, action }: SecretPage): Html {
  const { t } = view;
  return consolePage(view, {
    title,
    part,
    above,
    narrow: true,
    body: html`<p class="lead">${text}</p>
<p class="secret" translate="no"><code>${secret}</code></p>
${actions(copyButton({ text: secret, label: t('setUp.copy'), copiedLabel: t('setUp.copied') }))}
${also}
${doneWith(view, action, above)}`,
  });
}

/** One request, so that a new key can be tried at once. */
export function keyUse({ t, config }: View): Html {
  return html`<h2>${t('apiKeys.use')}</h2><p>${t('apiKeys.use.text')}</p>
<pre class="settings" translate="no"><code>curl -H 'Authorization: Bearer API_KEY' ${config.publicUrl.origin}/api/v1/partners</code></pre>
<p>${t('apiKeys.use.after')}</p>`;
}

/** How long this page stays available, the Done button that deletes the secret, and the link back. */
export function doneWith(view: View, action: string, above: Above): Html {
  const { t } = view;
  return html`<p>${t('shownSecret.kept')}</p>
${actions(form(view, action, submitButton(t('recoveryCodes.done'))), linkButton(above.href, above.label))}`;
}

/** The secret expired, Done deleted it, or it belongs to another person. */
export function goneSecretPage(view: View): Html {
  const { t } = view;
  return errorPage(view, {
    title: t('shownSecret.gone.title'),
    text: t('shownSecret.gone.text'),
    action: { href: '/console', label: t('layout.console') },
  });
}
