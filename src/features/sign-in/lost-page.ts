import { PATHS } from '#core/paths.ts';
import { layout } from '#ui/layout.ts';
import { actions, inFlow, linkButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { contactLink } from '#ui/parts/text.ts';
import type { RefusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

/** For a person without phone and recovery codes: whom to contact, what support asks, and what it never asks. */
export function lostPage(view: View, { isPending }: { readonly isPending: boolean }): Html {
  const { t } = view;
  const product = view.brand.name;
  const contact = contactLink(view.brand);
  return layout(view, {
    title: t('lost.title'),
    width: 'form',
    body: html`<p class="lead">${t('lost.lead')}</p>
<h2>${t('lost.first')}</h2>
<ul><li>${t('lost.first.codes')}</li><li>${t('lost.first.device')}</li></ul>
<h2>${t('lost.who')}</h2>
<p>${contact === undefined ? t('lost.who.nobody', { product }) : html`${t('lost.who.contact')} <strong>${contact}</strong>`}</p>
<p>${t('lost.who.manager')}</p>
<h2>${t('lost.ask')}</h2>
<ul><li>${t('lost.ask.who')}</li><li>${t('lost.ask.proof')}</li></ul>
<p>${t('lost.never')}</p>
<h2>${t('lost.then')}</h2>
<p>${t('lost.then.text')}</p>
<p><a href="${inFlow(view, isPending ? '/sign-in/recovery-code' : '/sign-in')}">${t(isPending ? 'signIn.useRecoveryCode' : 'forgot.back')}</a></p>`,
  });
}

/** All tries of this sign-in are used: only a new one helps, so the page has no form. */
export function overPage(view: View, title: string, refusal: RefusalText): Html {
  return layout(view, {
    title,
    width: 'form',
    doors: { first: 'open', second: 'here', label: view.t('steps.second') },
    refusal,
    body: actions(linkButton(inFlow(view, PATHS.signIn), view.t('signIn.title'), 'primary')),
  });
}
