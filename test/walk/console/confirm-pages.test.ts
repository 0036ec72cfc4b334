import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../story.ts';
import { openWorld } from '../../world.ts';
import { FORMS } from '../forms.ts';

/** Forms of staff, managers and users' security pages that ask nothing, by the reason why. Every other one asks. */
const ASKS_NOTHING: { readonly [why: string]: readonly string[] } = {
  'adds something that can be removed again': [
    ...['/console/api-keys/new', '/console/clients/new', '/console/webhooks/new', '/console/staff/new'],
    ...['/console/partners/new', '/console/partners/:partner/people/new', '/team/invite'],
    ...['/security/authenticators/add', '/security/authenticators/add/start', '/security/authenticators/passkey'],
  ],
  'is a step before the page that asks': [
    ...['/console/bulk/new', '/console/bulk/upload', '/console/import', '/console/import/:job/columns'],
    ...['/team/invite-many', '/security/authenticator/access-code', '/security/authenticator/start'],
  ],
  'edits what the form shows, and can be edited back': [
    ...['/console/partners/:partner/look', '/console/partners/:partner/look/logo', '/console/partners/:partner/notes'],
    ...['/console/partners/:partner/reminders', '/console/partners/:partner/rename', '/console/people/:person/edit'],
    ...['/console/settings/:setting', '/console/settings/:setting/logo', '/security/authenticators/:authenticator'],
  ],
  'asks for the password or a link by email': ['/security/email', '/security/password'],
  'reads, or sends to its own people': [
    ...['/console/audit/export', '/console/audit/verify', '/console/secrets/:secret', '/console/settings/test-mail'],
    '/console/webhooks/:webhook/replay/:delivery',
  ],
  'proves the new app, or gives it up': ['/security/authenticator', '/security/authenticator/cancel'],
  'acts at once, beside the row or picture that it names': [
    ...['/console/partners/:partner/passkeys/remind', '/console/partners/:partner/look/logo/remove'],
    ...['/security/sessions/end', '/security/sessions/end-others'],
    ...['/security/trusted-devices/end', '/security/trusted-devices/end-all'],
  ],
};

/** The choice comes first. Its preview asks. */
const CHOICES: { readonly [path: string]: string } = {
  '/console/partners/:partner/policy': '?policy=now&from=',
  '/console/partners/:partner/passkeys': '?policy=off&from=',
};

/** The person, partner, program or job that an act is about, or how many. */
const OBJECT =
  /Ana Silva|Bo Lind|Kim|Acme Telecom|CRM|Portal|a\.example|Chris|Nordlicht|Sam|“.+”|\b(?:one|\d+) (?:partner|person|people|row)/;
/** On pages about one’s own account: what it is. */
const OWN_OBJECT = /authenticator|two-factor authentication|recovery codes/i;

const isCovered = (path: string) => /^\/(?:console|team|security)\//.test(path);
const forms = Object.keys(FORMS).filter(isCovered);
const askNothing = Object.values(ASKS_NOTHING).flat();
const asking = forms.filter((path) => !askNothing.includes(path));

test('every form that asks nothing exists and is named once', () => {
  assert.deepEqual(askNothing.toSorted(), forms.filter((path) => askNothing.includes(path)).toSorted());
  assert.ok(asking.length >= 40, asking.join('\n'));
});

for (const path of asking) {
  test(`${path} asks by name, says what it will do, and can be cancelled`, async (t) => {
    const ready = await FORMS[path]?.(await openWorld(t));
    assert.ok(ready);
    const { text } = await ready.browser.get((ready.from ?? ready.action) + (CHOICES[path] ?? ''));
    const main = /<main[\s\S]*<\/main>/.exec(text)?.[0] ?? '';
    const [before, form = ''] = main.split(new RegExp(`(?=<form [^>]*action="${ready.action}")`));
    const heading = plain([...(before ?? '').matchAll(/<h([12])[^>]*>([\s\S]*?)<\/h\1>/g)].at(-1)?.[2] ?? '');
    const title = plain(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(main)?.[1] ?? '');
    assert.match(`${title} ${heading}`, path.startsWith('/security/') ? OWN_OBJECT : OBJECT);
    const button = plain(/<button type="submit"[^>]*>([\s\S]*?)<\/button>/.exec(form)?.[1] ?? '');
    assert.ok(
      [title, heading].some((one) => saysAll(one, button)),
      `“${button}” is the act of “${title}”, “${heading}”`,
    );
    assert.match(form, /<a class="button quiet" href="[^"]+">(?:Cancel|Discard)<\/a>/);
    assert.match(plain(main), /\b(?:will|won’t|Removes|Clears)\b|’ll\b/);
    assert.doesNotMatch(plain(main), /\b[Ff]rom now on\b/);
  });
}

/** Whether a heading has every word of a button. */
function saysAll(heading: string, button: string): boolean {
  const words = heading.replaceAll('?', '').split(' ');
  return button !== '' && button.split(' ').every((word) => words.includes(word));
}
