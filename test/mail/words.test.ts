import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mail, queueMail } from '#flows/mail.ts';
import { mailMessage } from '#mail/message.ts';
import { listMail } from '#store/outbox.ts';
import { findPerson, setUserLocale } from '#store/users.ts';
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

test('a mail names the product, carries its link alone on a line and says how long it lives', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_SUPPORT_CONTACT: 'help@portal.example' } });
  const reset = await textOf(world, 'en', { kind: 'password_reset', link: LINK });
  assert.equal(reset.subject, 'Set a new password for Partner Interface');
  assert(reset.text.split('\n').includes(LINK));
  assert.match(reset.text, /30 minutes/);
  assert.match(reset.text, /If it was not you/);
  assert.match(reset.text, /help@portal\.example/);
  const invitation = await textOf(world, 'en', { kind: 'invitation', link: LINK });
  assert.match(invitation.text, /72 hours/);
});

test('a mail is written in the language of the person', async (t) => {
  const world = await openWorld(t);
  const reset = await textOf(world, 'de', { kind: 'password_reset', link: LINK });
  assert.equal(reset.subject, 'Neues Passwort für Partner Interface setzen');
  assert.match(reset.text, /30 Minuten/);
  for (const [left, text] of [
    [0, /keiner mehr übrig/],
    [1, /Einer ist noch übrig/],
    [3, /3 sind noch übrig/],
  ] as const) {
    assert.match((await textOf(world, 'de', { kind: 'few_codes_left', left })).text, text);
  }
  assert.match((await textOf(world, 'xx', { kind: 'few_codes_left', left: 2 })).text, /2 are left/);
});

test('a mail whose parameters were moved to another row does not open', async (t) => {
  const world = await openWorld(t);
  const { row } = await textOf(world, 'en', { kind: 'invitation', link: LINK });
  assert.throws(() => mailMessage(world.env, { ...row, id: 'another' }), { name: 'SealError' });
});
