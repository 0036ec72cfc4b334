import { raw } from 'hono/html';
import { type Brand, hueSheetPath } from '#core/brand/brand.ts';
import { PATHS } from '#core/paths.ts';
import { LOCALES, languageName, staffLocale } from '#messages/locales.ts';
import { form, linkButton } from '#ui/parts/actions.ts';
import { type Doors, doors } from '#ui/parts/codes.ts';
import { gate } from '#ui/parts/gate.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import { contactLink, notice, timeElement, unbroken } from '#ui/parts/text.ts';
import { assetPath } from './assets.ts';
import type { View } from './view.ts';

type Summary = {
  readonly title: string;
  readonly text?: Content;
  /** The id of the field that the error is about. */
  readonly fieldId?: string | undefined;
};

type Width = 'form' | 'wide' | 'console';

type Layout = {
  /** The document's title and the page's only `h1`. The body starts below it. */
  readonly title: string;
  readonly width: Width;
  /** In the header, between the brand and the account. */
  readonly search?: Content;
  /** Navigation to the parts of the console. */
  readonly nav?: Content;
  readonly doors?: Doors | undefined;
  readonly refusal?: Summary | undefined;
  /** Whether the page can ask for a passkey. */
  readonly passkeys?: boolean;
  /** The names of other files of `public/` that the page needs. */
  readonly assets?: readonly string[] | undefined;
  /** The address to which the browser continues automatically. */
  readonly goTo?: string | undefined;
  /** Without the card: the body has boxes of its own. */
  readonly isOpen?: boolean | undefined;
  readonly body: Content;
};

/** A complete document: header, card with doors, heading and error summary, then the body, then the footer. */
export function layout(view: View, page: Layout): Html {
  const refusal = page.refusal ?? (view.staleForm ? staleForm(view) : undefined);
  return frame(view, {
    ...page,
    title: refusal === undefined ? page.title : `${view.t('layout.error')}: ${page.title}`,
    card: html`${page.doors && doors(page.doors, !hasGate(view, page.width))}<h1>${unbroken(page.title)}</h1>
${refusal ? summary(refusal) : view.restored && notice(view.t('layout.kept'), 'info')}${page.body}`,
  });
}

type ErrorPage = {
  /** Shown above the title where an address or a request is wrong. Elsewhere it would only frighten, as for a used link. */
  readonly status?: number;
  readonly title: string;
  readonly text: Content;
  readonly action?: { readonly href: string; readonly label: string } | undefined;
};

/** A page that replaces the requested one: what happened, and where to continue. */
export function errorPage(view: View, { status, title, text, action }: ErrorPage): Html {
  // A foreign link may have led the person here, so the page does not repeat its address.
  return frame(
    { ...view, path: undefined },
    {
      title,
      width: 'form',
      card: html`${status !== undefined && html`<p class="status">${status}</p>`}<h1>${unbroken(title)}</h1><p class="lead">${text}</p>
${action && html`<div class="actions">${linkButton(action.href, action.label, 'primary')}</div>`}`,
    },
  );
}

/**
 * An error page for cases where forms and most links do not work: at an address that is not ours, or in a browser with
 * too many cookies. It is readable without its style sheets.
 */
export function barePage(view: BareView, { status, title, text, action, body }: BarePage): Html {
  return documentOf(view, {
    title,
    isConsole: false,
    body: html`<main id="main" class="form"><div class="card">${status !== undefined && html`<p class="status">${status}</p>`}<h1>${unbroken(title)}</h1>
<p class="lead">${text}</p>
${body}${action && html`<div class="actions">${linkButton(action.href, action.label, 'primary')}</div>`}</div></main>`,
  });
}

type BarePage = ErrorPage & { readonly body?: Content };

type Frame = Pick<Layout, 'title' | 'width' | 'search' | 'nav' | 'goTo' | 'isOpen' | 'doors' | 'assets'> & {
  readonly card: Content;
  readonly passkeys?: boolean | undefined;
};

function frame(view: View, { title, width, search, nav, goTo, isOpen, card, passkeys, doors, assets }: Frame): Html {
  const isGated = hasGate(view, width);
  return documentOf(view, {
    passkeys,
    assets,
    title,
    goTo,
    sent: view.stepsToPage?.toString(),
    isConsole: width === 'console',
    bodyClass: isGated ? 'gated' : width === 'console' ? 'desk' : undefined,
    body: html`<a class="skip" href="#main">${view.t('layout.skip')}</a>
${header(view, search)}
<main id="main" class="${width}" tabindex="-1">${printHead(view)}${nav}<div class="${isOpen ? 'spread' : 'card'}">${card}</div>${wayBack(view)}</main>
${footer(view)}${isGated && gate(doors)}`,
  });
}

/** Before the session, wherever the page leaves the space. */
function hasGate(view: View, width: Width): boolean {
  return width === 'form' && view.signedIn === undefined;
}

type BareView = Pick<View, 'brand' | 'locale' | 't'> & {
  /** The address of the style sheets, on a host that is not ours. */
  readonly assetsAt?: string;
};

type Document = Partial<Pick<Frame, 'passkeys' | 'assets' | 'goTo'>> & {
  readonly title: string;
  /** For the script: how many path segments the form's page is above this address. */
  readonly sent?: string | undefined;
  readonly isConsole: boolean;
  readonly bodyClass?: string | undefined;
  readonly body: Content;
};

function documentOf(
  view: BareView,
  { title, goTo, sent, isConsole, passkeys, assets = [], body, bodyClass }: Document,
): Html {
  return html`${raw('<!doctype html>')}
<html lang="${view.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>${title} – ${view.brand.name}</title>
${goTo !== undefined && html`<meta http-equiv="refresh" content="0; url=${goTo}">`}
${view.assetsAt === undefined ? ownAssets(view, isConsole) : assetsOf(view.brand, view.assetsAt)}
${passkeys && passkeyScripts()}${assets.map(assetLink)}
</head>
<body${attributes({ 'data-sent': sent, class: bodyClass })}>
${body}
</body>
</html>
`;
}

function ownAssets({ brand }: BareView, isConsole: boolean): Html {
  return html`<link rel="icon" href="${brand.logo?.light ?? 'data:,'}">
<link rel="stylesheet" href="${assetPath('style.css')}">
${isConsole && html`<link rel="stylesheet" href="${assetPath('console.css')}"><link rel="stylesheet" href="${assetPath('roll-out.css')}">`}<link rel="stylesheet" href="${hueSheetPath(brand.hue)}">
<script src="${assetPath('page.js')}" defer></script>
${isConsole && html`<script src="${assetPath('lists.js')}" defer></script>`}`;
}

function assetLink(name: string): Html {
  if (name.endsWith('.js')) return html`<script src="${assetPath(name)}" defer></script>`;
  return html`<link rel="stylesheet" href="${assetPath(name)}">`;
}

/** Only for pages that ask for a passkey: 16 KB. */
function passkeyScripts(): Html {
  return html`<script src="${assetPath('simplewebauthn.js')}" defer></script>
<script type="module" src="${assetPath('passkeys.js')}"></script>`;
}

function assetsOf({ hue }: Brand, at: string): Html {
  return html`<link rel="icon" href="data:,">
<link rel="stylesheet" href="${at}/style.css"><link rel="stylesheet" href="${at}${hueSheetPath(hue)}">`;
}

function header(view: View, search: Content): Html {
  return html`<header class="top"><a class="brand" href="/">${mark(view.brand)}<span>${view.brand.name}</span></a>${search}
${languageSwitch(view)}${view.signedIn && accountNav(view)}</header>`;
}

/** The logo, or the first letter of the name. */
export function mark({ name, logo }: Pick<Brand, 'name' | 'logo'>): Html {
  if (logo === undefined) return html`<span class="mark" aria-hidden="true">${Array.from(name)[0]}</span>`;
  const image = html`<img class="mark" src="${logo.light}" alt="">`;
  if (logo.dark === undefined) return image;
  return html`<picture><source media="(prefers-color-scheme: dark)" srcset="${logo.dark}">${image}</picture>`;
}

function accountNav(view: View): Html {
  return html`<nav class="account" aria-label="${view.t('layout.account')}">${view.staff && html`<a href="${PATHS.console}">${view.t('layout.console')}</a>`}${view.isManager && html`<a href="${PATHS.team}">${view.t('team.title')}</a>`}
<a href="${PATHS.security}">${view.t('layout.security')}</a>
${form(view, PATHS.signOut, html`<button type="submit" class="plain">${view.t('layout.signOut')}</button>`)}</nav>`;
}

function languageSwitch(view: View): Html {
  const offered = view.isForStaff ? LOCALES.filter((locale) => staffLocale(locale) === locale) : LOCALES;
  const choices = offered.map(
    (locale) =>
      html`<button${attributes({
        type: 'submit',
        class: 'plain',
        name: 'language',
        value: locale,
        lang: locale,
        'aria-current': locale === view.locale ? 'true' : undefined,
      })}>${languageName(locale)}</button>`,
  );
  return html`<details class="language"><summary><span class="unseen">${view.t('layout.language')}: </span>${languageName(view.locale)}</summary>
${form(view, PATHS.language, html`${view.path !== undefined && html`<input type="hidden" name="return_to" value="${view.path}">`}${choices}`)}</details>`;
}

/** `autofocus` gives it the focus without a script. The inner `alert` makes a screen reader read it aloud. */
function summary({ title, text, fieldId }: Summary): Html {
  const head = fieldId === undefined ? title : html`<a href="#${fieldId}">${title}</a>`;
  return html`<div class="refusal" id="refusal" tabindex="-1" autofocus><div role="alert"><h2>${head}</h2>
${text !== undefined && text !== '' && html`<p>${text}</p>`}</div></div>`;
}

function staleForm(view: View): Summary {
  const text = view.t(view.noCookie ? 'layout.stale.noCookie' : 'layout.stale.text');
  return { title: view.t('layout.stale.title'), text };
}

/** A link back to the application that asked for this sign-in. */
function wayBack({ t, resume }: View): Content {
  if (!resume?.startsWith(`${PATHS.openid}/`)) return undefined;
  return html`<p class="back"><a href="${resume}/cancel">${t('layout.back')}</a></p>`;
}

/** Only on paper: the product, the person, and the time of printing. */
function printHead(view: View): Html {
  const who = view.signedIn && html` · ${view.signedIn.email}`;
  return html`<p class="paper">${view.brand.name}${who} · ${timeElement(view.now, view.locale)}</p>`;
}

function footer(view: View): Html {
  const contact = contactLink(view.brand);
  return html`<footer class="foot"><a href="${PATHS.help}">${view.t(view.signedIn ? 'layout.help' : 'layout.helpSigningIn')}</a>
${contact !== undefined && html`<span>${view.t('layout.support')} ${contact}</span>`}</footer>`;
}
