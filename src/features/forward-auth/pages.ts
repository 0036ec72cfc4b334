import { PATHS } from '#core/paths.ts';
import { barePage, errorPage } from '#ui/layout.ts';
import { actions, inFlow, linkButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

/** On our own host: the visit was used, expired, or began in another browser. */
export function visitOverPage(view: View): Html {
  const { t } = view;
  return errorPage(view, { title: t('forwardAuth.over.title'), text: t('forwardAuth.over.text') });
}

export function tooManyPage(view: View): Html {
  const { t } = view;
  return errorPage(view, { status: 429, title: t('forwardAuth.tooMany.title'), text: t('forwardAuth.tooMany.text') });
}

/** The person is signed in, but the host is for another partner. They can sign in as someone else. */
export function otherPartnerPage(view: View, email: string): Html {
  const { t } = view;
  const action = { href: inFlow(view, `${PATHS.signIn}?again`), label: t('forwardAuth.otherPartner.action') };
  const text = t('forwardAuth.otherPartner.text', { email });
  return errorPage(view, { title: t('forwardAuth.otherPartner.title'), text, action });
}

export function needsPasskeyPage(view: View): Html {
  const { t } = view;
  const text = t('forwardAuth.needsPasskey.text');
  return errorPage(view, { title: t('forwardAuth.needsPasskey.title'), text });
}

/** Under this path a protected host serves the style sheets of our pages. */
const AT = '/.sallyport';

/** On a protected host: the button that ends the session everywhere. The handler checks the origin of the form. */
export function siteSignOutPage(view: View): Html {
  const { t } = view;
  const button = html`<button type="submit" class="button primary">${t('layout.signOut')}</button>`;
  return barePage(
    { ...view, assetsAt: AT },
    {
      title: t('layout.signOut'),
      text: t('forwardAuth.signOut.text'),
      body: html`<form method="post" action="${AT}/sign-out">${actions(button, linkButton('/', t('forwardAuth.signOut.back')))}</form>`,
    },
  );
}

export function siteSignedOutPage(view: View): Html {
  const { t } = view;
  const action = { href: '/', label: t('error.action.signIn') };
  return barePage(
    { ...view, assetsAt: AT },
    { title: t('forwardAuth.signedOut.title'), text: t('forwardAuth.signedOut.text'), action },
  );
}

/** On a protected host that no longer allows this person's partner. */
export function siteRefusedPage(view: View): Html {
  const { t } = view;
  const action = { href: `${AT}/sign-out`, label: t('layout.signOut') };
  const [title, text] = [t('forwardAuth.otherPartner.title'), t('forwardAuth.refused.text')];
  return barePage({ ...view, assetsAt: AT }, { title, text, action });
}

/** The browser returned from the sign-in without the cookie that it had received. */
export function siteCookiesOffPage(view: View, again: string): Html {
  const { t } = view;
  const action = { href: again, label: t('forwardAuth.cookiesOff.action') };
  const [title, text] = [t('forwardAuth.cookiesOff.title'), t('forwardAuth.cookiesOff.text')];
  return barePage({ ...view, assetsAt: AT }, { title, text, action });
}
