import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Mail, queueMail } from '#flows/runtime/mail.ts';
import { mailMessage, mailSubject } from '#mail/message.ts';
import { en } from '#messages/locales/en.ts';
import { LOCALES, languageName } from '#messages/locales.ts';
import { findPerson, setUserLocale } from '#store/people/users.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';
import { EVERY_KIND } from './every-kind.ts';

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

const LINK = EVERY_KIND.invitation.link;

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
