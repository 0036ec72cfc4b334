import { html } from 'hono/html';
import type { Person } from './client.ts';

type Html = ReturnType<typeof html>;

export function startPage(person?: Person): Html {
  const signIn = html`<p><a class="button" href="/sign-in">Sign in</a></p>`;
  const lead = html`<p class="lead">Contracts and payouts for the partners of Example Corporation.</p>`;
  return layout('Partner Interface', html`${lead}${person ? '' : signIn}`, person);
}

export function accountPage(person: Person): Html {
  const rows = html`<dt>Company</dt><dd>${person.partner?.name ?? 'Example Corporation'}</dd>
<dt>Signed in with</dt><dd>${methodsInWords(person.amr)}</dd>
<dt>Level</dt><dd>${LEVELS[person.acr] ?? person.acr}</dd>
<dt>Last proven</dt><dd>${time(person.auth_time)}</dd>`;
  return layout(`Hello, ${person.name}`, html`<dl>${rows}</dl>`, person);
}

export function payoutsPage(person: Person): Html {
  const rows = Object.entries({ October: '4,210.00 €', September: '3,874.50 €', August: '4,002.25 €' });
  const table = html`<table><caption>Paid to ${person.partner?.name ?? 'all partners'}</caption>
${rows.map(([month, amount]) => html`<tr><th scope="row">${month}</th><td>${amount}</td></tr>`)}</table>`;
  const reason = html`<p>This page requires a second factor used in the last five minutes. Yours: ${time(person.auth_time)}.</p>`;
  return layout('Payouts', html`${table}${reason}`, person);
}

export function signedOutPage(): Html {
  const text = html`<p class="lead">Here, and at every other portal with the same sign-in.</p>`;
  return layout('You are signed out', html`${text}<p><a class="button" href="/sign-in">Sign in again</a></p>`);
}

/** The problem, from an OpenID Connect error code or one of our own. */
export function problemPage(problem: string, person?: Person): Html {
  const [title, text] = PROBLEMS[problem] ?? ['Sign-in didn’t work', `The sign-in service answered: ${problem}.`];
  return layout(
    title,
    html`<p class="lead">${text}</p><p><a class="button" href="/">Back to the start</a></p>`,
    person,
  );
}

const PROBLEMS: Readonly<Record<string, readonly [title: string, text: string]>> = {
  access_denied: ['You can’t use this portal', 'You declined, or this portal isn’t open to your company.'],
  login_required: ['You are not signed in', 'Sign in to continue.'],
  unmet_authentication_requirements: ['A second factor is required', 'Payouts are shown only after a second factor.'],
  unknown_sign_in: ['This sign-in has ended', 'It was already finished, took too long, or started in another browser.'],
  not_found: ['Page not found', 'There is nothing at this address.'],
  no_answer: ['Sign-in isn’t working right now', 'The sign-in service gave no answer that we can use. Try again.'],
};

const LEVELS: Readonly<Record<string, string>> = {
  'urn:sallyport:acr:pwd': 'One factor',
  'urn:sallyport:acr:mfa': 'Two factors',
  phr: 'A passkey, which cannot be phished',
};

const METHODS: Readonly<Record<string, string>> = {
  pwd: 'a password',
  otp: 'a one-time code',
  hwk: 'a passkey of one device',
  swk: 'a passkey',
};

/** `amr` in words. RFC 8176 has no name for a recovery code: it is `mfa` with only the password beside it. */
export function methodsInWords(amr: readonly string[]): string {
  const known = amr.flatMap((method) => METHODS[method] ?? []);
  const withRecoveryCode = amr.join() === 'pwd,mfa' ? [...known, 'a recovery code'] : known;
  return withRecoveryCode.join(' and ');
}

function time(seconds: number): Html {
  const iso = new Date(seconds * 1000).toISOString().slice(0, 16);
  return html`<time datetime="${iso}Z">${iso.replace('T', ', ')} UTC</time>`;
}

function layout(title: string, body: Html, person?: Person): Html {
  const menu = html`<nav aria-label="Portal"><a href="/account">Account</a> <a href="/payouts">Payouts</a></nav>
<form method="post" action="/sign-out"><button>Sign out everywhere</button></form>`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Example Corporation</title><link rel="stylesheet" href="/portal.css"></head>
<body><header><a class="mark" href="/">Example Corporation</a>${person ? menu : ''}</header>
<main><h1>${title}</h1>${body}</main></body></html>`;
}
