import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openWorld } from '../../world.ts';
import { FORMS } from '../forms.ts';

/** What is wrong with every field of a form, and the fields that have to say so. A blank or missing value is wrong too. */
type Wrong = { readonly fields: Readonly<Record<string, string>>; readonly said: readonly string[] };

/** A blank name is made from the email. One that turns the direction of writing is refused. */
const TURNED = '\u202eliame';

const ALL_WRONG: Readonly<Record<string, Wrong>> = {
  '/sign-in': { fields: { email: 'ana', password: '' }, said: ['email', 'password'] },
  '/invitation/:token': { fields: { name: ' ', password: 'short' }, said: ['name', 'password'] },
  '/security/password': { fields: { current: '', new: 'short' }, said: ['current', 'new'] },
  '/security/email': { fields: { email: 'ana', current: '' }, said: ['email', 'current'] },
  '/team/invite': { fields: { email: 'bo', name: TURNED, role: 'member' }, said: ['email', 'name'] },
  '/console/partners/new': { fields: { name: ' ', slug: 'Ä Ö' }, said: ['name', 'slug'] },
  '/console/partners/:partner/people/new': {
    fields: { email: 'bo', name: TURNED, role: 'member' },
    said: ['email', 'name'],
  },
  '/console/partners/:partner/notes': {
    fields: { owner: 'unknown', notes: 'x'.repeat(1001) },
    said: ['owner', 'notes'],
  },
  '/console/import/:job/start': {
    fields: { invite: 'date', from: '2001-01-01', reason: ' ' },
    said: ['from', 'reason'],
  },
  '/console/people/:person/exempt': { fields: { reason: ' ', until: '2001-01-01' }, said: ['reason', 'until'] },
  '/console/people/:person/reset-mfa': {
    fields: { reason: ' ', check_note: ' ', code_minutes: '60' },
    said: ['reason', 'checked_by', 'check_note'],
  },
  '/console/staff/:person/reset-mfa': {
    fields: { reason: ' ', check_note: ' ', code_minutes: '60' },
    said: ['reason', 'checked_by', 'check_note'],
  },
  '/console/staff/new': { fields: { email: 'kim', name: TURNED, role: 'csm' }, said: ['email', 'name'] },
  '/console/api-keys/new': { fields: { name: ' ', expires: '2001-01-01' }, said: ['name', 'partners:read', 'expires'] },
  '/console/webhooks/new': { fields: { url: 'ftp://a' }, said: ['url', 'user.mfa_enrolled'] },
  '/console/clients/new': {
    fields: {
      ...{ name: ' ', type: 'browser', redirect_uris: 'http://a.example/', post_logout_redirect_uris: 'x' },
      ...{ backchannel_logout_uri: 'http://a.example/', jwks: '{"keys":[]}', partners: 'unknown' },
    },
    said: ['name', 'redirect_uris', 'post_logout_redirect_uris', 'backchannel_logout_uri', 'jwks', 'partners'],
  },
};

describe('a form with every field wrong names all of them, beside each field and in the summary', () => {
  for (const [path, { fields, said }] of Object.entries(ALL_WRONG)) {
    test(path, async (t) => {
      const ready = await FORMS[path]?.(await openWorld(t));
      assert.ok(ready);
      await ready.browser.get(ready.from ?? ready.action);
      const { status, text } = await ready.browser.post(ready.action, fields);
      assert.ok(status === 400 || status === 422, `${status}`);
      const summary = /<div class="refusal"[\s\S]*?<\/div><\/div>/.exec(text)?.[0] ?? '';
      const linked = Array.from(summary.matchAll(/href="#([^"]+)"/g), ([, id]) => id);
      assert.deepEqual(linked, said);
      for (const id of said) assert.match(text, new RegExp(`id="${id}-error"`), id);
    });
  }
});

test('a private key is never shown again, whatever else is wrong', async (t) => {
  const ready = await FORMS['/console/clients/new']?.(await openWorld(t));
  assert.ok(ready);
  await ready.browser.get(ready.action);
  const key = {
    kty: 'EC',
    crv: 'P-256',
    x: 'a'.repeat(43),
    y: 'b'.repeat(43),
    d: 'c'.repeat(43),
    kid: '1',
    use: 'sig',
    alg: 'ES256',
  };
  const fields = { name: ' ', type: 'web', redirect_uris: 'x', partners: '', jwks: JSON.stringify({ keys: [key] }) };
  const { text } = await ready.browser.post(ready.action, fields);
  assert.match(text, /id="jwks-error"/);
  assert.doesNotMatch(text, /c{43}/);
});
