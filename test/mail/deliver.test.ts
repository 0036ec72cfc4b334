import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listMail } from '#store/queue/outbox.ts';
import { LINK, openBoth, RESET } from './deliver-story.ts';

test('a mail arrives whole: sender, words in both dresses, and what programs ask of it', async (t) => {
  const { office, write, deliver } = await openBoth(t);
  const id = await write(RESET, 'ana@acme.example', 'de');
  await deliver();
  const [mail] = await office.mails();
  assert(mail && office.raw.length === 1);
  assert.equal(mail.from?.text, '"Portal, Inc." <sign-in@portal.example>');
  assert.equal(mail.subject, 'Neues Passwort für Partner Interface festlegen');
  assert.equal(mail.messageId, `<${id}@sign-in.example.com>`);
  assert.equal(mail.headers.get('auto-submitted'), 'auto-generated');
  assert.equal(mail.headers.get('content-language'), 'de');
  assert.ok(mail.text?.split('\n').includes(LINK));
  assert.ok(typeof mail.html === 'string' && mail.html.includes(`href="${LINK}"`));
  const names = [...mail.headers.keys()].toSorted();
  const expected = ['auto-submitted', 'content-language', 'content-type', 'date', 'from', 'message-id', 'mime-version'];
  assert.deepEqual(names, [...expected, 'subject', 'to', 'x-auto-response-suppress']);
});

test('a mail goes out once, however many rounds and processes there are', async (t) => {
  const { office, write, deliver } = await openBoth(t);
  await write();
  await Promise.all([deliver(), deliver(), deliver(), deliver()]);
  await deliver(3600);
  assert.equal(office.raw.length, 1);
});

test('what a mail said is erased once the server has taken it', async (t) => {
  const { write, deliver, row } = await openBoth(t);
  const id = await write();
  assert.notEqual((await row(id)).sealed_parameters, '');
  await deliver();
  const { sealed_parameters, sent_at } = await row(id);
  assert.deepEqual([sealed_parameters, sent_at], ['', 1_800_000_000]);
});

test('a server that is away is asked again after 15 seconds, 1, 4 and 15 minutes, and then has the mail', async (t) => {
  const { office, write, deliver, row, clock } = await openBoth(t);
  office.behaviour.greeting = 421;
  const id = await write({ kind: 'mfa_reset', withCode: false });
  for (const wait of [15, 60, 240, 900, 900]) {
    await deliver();
    const { next_try_at, last_fault, sent_at } = await row(id);
    assert.deepEqual([next_try_at - clock.at, sent_at], [wait, null]);
    assert.match(last_fault ?? '', /421/);
    await deliver(wait - 1);
    assert.equal((await row(id)).next_try_at, next_try_at, 'not a second earlier');
    clock.at += 1;
  }
  delete office.behaviour.greeting;
  await deliver();
  assert.equal(office.raw.length, 1);
  assert.deepEqual([(await row(id)).tries, (await row(id)).last_fault], [6, null]);
});

test('a server that is away is asked by a few, not by every mail in turn', async (t) => {
  const { office, write, deliver, env } = await openBoth(t);
  office.behaviour.greeting = 421;
  for (let mails = 0; mails < 12; mails++) await write(RESET, `p${mails}@acme.example`);
  await deliver();
  const rows = await listMail(env.db.read, 100);
  assert.equal(rows.filter(({ tries }) => tries === 1).length, 4);
  assert.ok(rows.every(({ next_try_at }) => next_try_at === 1_800_000_015));
  delete office.behaviour.greeting;
  await deliver(15);
  assert.equal(office.raw.length, 12);
});

for (const [where, behaviour] of [
  ['before it greets', { greeting: 'hang' }],
  ['after it has the mail', { data: 'hang' }],
] as const) {
  test(`a server that says nothing ${where} is left, and the mail tried again`, async (t) => {
    const { office, write, deliver, row } = await openBoth(t);
    Object.assign(office.behaviour, behaviour);
    const id = await write();
    await deliver();
    assert.match((await row(id)).last_fault ?? '', /^ETIMEDOUT/);
    for (const key of Object.keys(behaviour)) Reflect.deleteProperty(office.behaviour, key);
    await deliver(15);
    assert.equal(office.raw.length, 1);
  });
}

test('a connection that drops before the answer leaves it open: the same mail goes again, under the same Message-ID', async (t) => {
  const { office, write, deliver, row } = await openBoth(t);
  office.behaviour.data = 'drop';
  const id = await write();
  await deliver();
  assert.equal((await row(id)).sent_at, null);
  delete office.behaviour.data;
  await deliver(15);
  const [mail] = await office.mails();
  assert.equal(mail?.messageId, `<${id}@sign-in.example.com>`);
});

test('a recipient who is refused for now waits alone; one who is refused for good is given up with a line', async (t) => {
  const { office, write, deliver, row, log } = await openBoth(t);
  office.behaviour.recipients = { 'later@acme.example': 451, 'gone@acme.example': 550 };
  const later = await write(RESET, 'later@acme.example');
  const gone = await write(RESET, 'gone@acme.example');
  const fine = await write(RESET, 'fine@acme.example');
  await deliver();
  assert.equal(office.raw.length, 1);
  assert.notEqual((await row(fine)).sent_at, null);
  assert.deepEqual([(await row(later)).dead_at, (await row(later)).last_fault], [null, 'EENVELOPE RCPT TO 451']);
  const dead = await row(gone);
  assert.deepEqual(
    [dead.dead_at, dead.last_fault, dead.sealed_parameters],
    [1_800_000_000, 'EENVELOPE RCPT TO 550', ''],
  );
  assert.equal(log.filter((line) => line.includes('a mail was given up: it was refused')).length, 1);
  office.behaviour.recipients = {};
  await deliver(15);
  assert.equal(office.raw.length, 2);
});

test('a message that is refused for good is given up, a sender that is refused is tried again', async (t) => {
  const { office, write, deliver, row } = await openBoth(t);
  office.behaviour.data = 554;
  const spam = await write();
  await deliver();
  assert.notEqual((await row(spam)).dead_at, null);
  delete office.behaviour.data;
  office.behaviour.sender = 553;
  const ours = await write();
  await deliver();
  assert.equal((await row(ours)).dead_at, null, 'the operator can put that right');
});
