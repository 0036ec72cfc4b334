import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Mail, queueMail } from '#flows/runtime/mail.ts';
import { mailMessage, mailSubject } from '#mail/message.ts';
import type { MailOf } from '#mail/words.ts';
import { en } from '#messages/locales/en.ts';
import { LOCALES, languageName } from '#messages/locales.ts';
import { findPerson, setUserLocale } from '#store/people/users.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';

async function textOf(world: World, locale: string, mail: Mail) {
  const { env } = world;
  const { id } = await world.addUser({ email: `${env.newId()}@portal.example`, role: 'csm' });
  await env.db.transaction((tx) => setUserLocale(tx, id, locale));
  const person = await findPerson(env.db.read, id);
  assert(person);
  await env.db.transaction((tx) => queueMail(env, tx, person.user, mail));
  const [row] = await listMail(env.db.read, 1);
  assert(row);
  const message = mailMessage(env, row);
  assert(message);
  return { row, ...message };
}

const LINK = `${ORIGIN}/password/abc`;
const NEWS = { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0', address: '203.0.113.9' };

test('a mail names the product, carries its link alone on a line and says how long it lives', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_SUPPORT_CONTACT: 'help@portal.example' } });
  const reset = await textOf(world, 'en', { kind: 'password_reset', link: LINK });
  assert.equal(reset.subject, 'Set a new password for Partner Interface');
  assert(reset.text.split('\n').includes(LINK));
  assert.match(reset.text, /30 minutes/);
  assert.match(reset.text, /If this wasn’t you/);
  assert.match(reset.text, /help@portal\.example/);
  const invitation = await textOf(world, 'en', { kind: 'invitation', link: LINK });
  assert.match(invitation.text, /72 hours/);
});

test('a mail is written in the language of the person', async (t) => {
  const world = await openWorld(t);
  const reset = await textOf(world, 'de', { kind: 'password_reset', link: LINK });
  assert.equal(reset.subject, 'Neues Passwort für Partner Interface festlegen');
  assert.match(reset.text, /30 Minuten/);
  for (const [left, text] of [
    [0, /kein Code mehr übrig/],
    [1, /Ein Code ist noch übrig/],
    [3, /3 Codes sind noch übrig/],
  ] as const) {
    assert.match((await textOf(world, 'de', { kind: 'few_codes_left', left })).text, text);
  }
  assert.match((await textOf(world, 'xx', { kind: 'few_codes_left', left: 2 })).text, /2 codes are left/);
});

test('a mail whose parameters were moved to another row does not open', async (t) => {
  const world = await openWorld(t);
  const { row } = await textOf(world, 'en', { kind: 'invitation', link: LINK });
  assert.throws(() => mailMessage(world.env, { ...row, id: 'another' }), { name: 'SealError' });
});

/** Realistic data for each kind. A new kind without an entry does not compile. */
const EVERY_KIND: { readonly [Kind in Mail['kind']]: MailOf<Kind> & { readonly kind: Kind } } = {
  password_reset: { kind: 'password_reset', link: LINK },
  invitation: { kind: 'invitation', link: LINK },
  email_confirm: { kind: 'email_confirm', link: LINK },
  email_changed: { kind: 'email_changed', link: LINK, ...NEWS },
  trusted_device_created: { kind: 'trusted_device_created', ...NEWS },
  trusted_device_reused: { kind: 'trusted_device_reused', ...NEWS },
  email_confirm_asked: { kind: 'email_confirm_asked', link: LINK },
  email_change_asked: { kind: 'email_change_asked' },
  invitation_moved: { kind: 'invitation_moved' },
  email_in_use: { kind: 'email_in_use' },
  set_up_asked: { kind: 'set_up_asked' },
  passkey_asked: { kind: 'passkey_asked' },
  test: { kind: 'test' },
  passkey_reminder: { kind: 'passkey_reminder', requiredFrom: 1_800_600_000 },
  passkey_overdue: { kind: 'passkey_overdue', requiredFrom: 1_799_900_000 },
  invited_again: { kind: 'invited_again', partner: 'Acme {Telecom} & Sons' },
  recovery_code_used: { kind: 'recovery_code_used', left: 5, ...NEWS },
  few_codes_left: { kind: 'few_codes_left', left: 1, ...NEWS },
  mfa_enrolled: { kind: 'mfa_enrolled', ...NEWS },
  authenticator_replaced: { kind: 'authenticator_replaced', ...NEWS },
  app_added: { kind: 'app_added', ...NEWS },
  app_removed: { kind: 'app_removed', ...NEWS },
  passkey_added: { kind: 'passkey_added', ...NEWS },
  passkey_removed: { kind: 'passkey_removed', ...NEWS },
  authenticator_renamed: { kind: 'authenticator_renamed', ...NEWS },
  authenticator_removed: { kind: 'authenticator_removed', ...NEWS },
  new_codes_made: { kind: 'new_codes_made', ...NEWS },
  password_changed: { kind: 'password_changed', ...NEWS },
  new_device: { kind: 'new_device', ...NEWS },
  wrong_code: { kind: 'wrong_code', ...NEWS },
  refused_passwords: { kind: 'refused_passwords', ...NEWS },
  authenticator_disabled: { kind: 'authenticator_disabled', ...NEWS },
  mfa_reset: { kind: 'mfa_reset', withCode: true },
  sign_in_paused: { kind: 'sign_in_paused', untilAt: 1_800_003_600, ...NEWS },
  mfa_reminder: { kind: 'mfa_reminder', requiredFrom: 1_800_600_000 },
  more_news: { kind: 'more_news', count: 55 },
  mfa_overdue: { kind: 'mfa_overdue', requiredFrom: 1_799_900_000 },
};

for (const locale of LOCALES) {
  for (const mail of Object.values(EVERY_KIND)) {
    test(`the mail ${mail.kind} is whole in ${languageName(locale)}`, async (t) => {
      const world = await openWorld(t);
      const { subject, text, html, row } = await textOf(world, locale, mail);
      assert.equal(
        mailSubject(world.env, { ...row, sealed_parameters: '' }),
        subject,
        'readable after the rest is erased',
      );
      assert.match(subject, /Partner Interface/);
      for (const words of [subject, text])
        assert.doesNotMatch(words.replaceAll('{Telecom}', ''), /[{}]|undefined|NaN|mail\.\w+\./);
      const [told] = /https:\S+/.exec(text) ?? [];
      assert.ok(told?.startsWith(`${ORIGIN}/`) && html.includes(told));
      for (const [name, value] of Object.entries(mail)) {
        if (name === 'partner' || name === 'link' || name === 'address') assert.ok(text.includes(value), name);
      }
    });
  }
}

test('the documentation lists every mail', () => {
  const kinds = Object.keys(en).flatMap((key) => /^mail\.(\w+)\.subject$/.exec(key)?.[1] ?? []);
  const [, table = ''] = readFileSync(new URL('../../docs/mail.md', import.meta.url), 'utf8').split('| kind | when |');
  const documented = table
    .split('\n')
    .flatMap((line) => /^\| ((?:`\w+`(?:, )?)+) \|/.exec(line)?.[1] ?? [])
    .flatMap((cell) => cell.split(', ').map((kind) => kind.replaceAll('`', '')));
  assert.deepEqual(documented.toSorted(), kinds.toSorted());
});
