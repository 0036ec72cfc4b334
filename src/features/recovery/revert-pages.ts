import { PATHS } from '#core/paths.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { form, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { signsOut } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/** The page behind the link in the mail to the old email: what will happen, and the button that does it. */
export function revertPage(view: View, { action, email }: { readonly action: string; readonly email: string }): Html {
  const { t } = view;
  return layout(view, {
    title: t('revert.title'),
    width: 'form',
    body: html`<p class="lead">${t('revert.lead')} <strong class="anywhere">${email}</strong></p>
<p>${t('revert.text')}</p>
${signsOut(view)}
${form(view, action, submitButton(t('revert.button'), 'danger'))}`,
  });
}

export function revertedPage(view: View): Html {
  const { t } = view;
  return layout(view, {
    title: t('revert.done.title'),
    width: 'form',
    body: html`<p class="lead">${t('revert.done.text')}</p>
<p>${t('revert.done.second')}</p>
<p class="quiet"><a href="/forgot-password">${t('forgot.again')}</a></p>`,
  });
}

export function deadRevertPage(view: View): Html {
  const { t } = view;
  return errorPage(view, {
    title: t('password.dead.title'),
    text: t('revert.dead.text'),
    action: { href: PATHS.lostDevice, label: t('lost.title') },
  });
}
