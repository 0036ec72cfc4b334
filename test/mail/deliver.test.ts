import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Mail, queueMail } from '#flows/runtime/mail.ts';
import { deliverMail, mailJob } from '#mail/deliver.ts';
import { smtpMailer } from '#mail/smtp.ts';
import { claimMail } from '#store/queue/deliveries.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ORIGIN, openWorld } from '../world.ts';
import { openPostOffice } from './post-office.ts';

const TOKEN = 'a'.repeat(43);
const LINK = `${ORIGIN}/password/${TOKEN}`;
const RESET: Mail = { kind: 'password_reset', link: LINK };
const PATIENCE = { connectSeconds: 1, silenceSeconds: 1, sendSeconds: 3 };

/** The service and a post office in front of it. */
async function openBoth(t: TestContext) {
  const office = await openPostOffice(t);
  const environment = {
    SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${office.port}`,
    SALLYPORT_MAIL_FROM: 'Portal, Inc. <sign-in@portal.example>',
  };
  const world = await openWorld(t, { environment });
  const { env, clock } = world;
  const { smtp, mailFrom } = env.config;
  assert(smtp && mailFrom);
  const mailer = smtpMailer(smtp, mailFrom, PATIENCE);
  t.after(() => mailer.close());
  const write = (mail: Mail = RESET, email = 'ana@acme.example', locale = 'en') =>
    env.db.transaction((tx) => queueMail(env, tx, { email, locale }, mail));
  const deliver = (seconds = 0) => {
    clock.at += seconds;
    return deliverMail(env, mailer);
  };
  const row = async (id: string) => {
    const found = (await listMail(env.db.read, 100)).find((mail) => mail.id === id);
    assert(found);
    return found;
  };
  const readiness = async () =>
    JSON.parse(await (await world.app.fetch(new Request(`${ORIGIN}/readyz`))).text()).reasons;
  return { ...world, office, write, deliver, row, readiness };
}

test('a mail arrives whole: sender, words in both dresses, and what programs ask of it', async (t) => {
  const { office, write, deliver } = await openBoth(t);
  const id = await write(RESET, 'ana@acme.example', 'de');
  await deliver();
  const [mail] = await office.mails();
  assert(mail && office.raw.length === 1);
  assert.equal(mail.from?.text, '"Portal, Inc." <sign-in@portal.example>');
  assert.equal(mail.subject, 'Neues Passwort für Partner Interface setzen');
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

test('a process that died with a mail in hand leaves it to the next, which sends it once', async (t) => {
  const { office, write, deliver, env, clock } = await openBoth(t);
  const id = await write();
  const claim = { now: clock.at, untilAt: clock.at + 90 };
  assert.equal(await env.db.transaction((tx) => claimMail(tx, id, claim)), true);
  await deliver(89);
  assert.equal(office.raw.length, 0, 'the other may still be at it');
  await deliver(1);
  await deliver(90);
  assert.equal(office.raw.length, 1);
});

test('a mail whose link is over is not sent: it is given up with a line, and its link erased', async (t) => {
  const { office, write, deliver, row, log } = await openBoth(t);
  office.behaviour.greeting = 421;
  const id = await write();
  const news = await write({ kind: 'mfa_reset', withCode: false });
  await deliver();
  delete office.behaviour.greeting;
  await deliver(30 * 60);
  const { dead_at, sealed_parameters } = await row(id);
  assert.deepEqual([dead_at, sealed_parameters], [1_800_000_000 + 1800, '']);
  assert.equal(log.filter((line) => line.includes('it would come too late')).length, 1);
  assert.notEqual((await row(news)).sent_at, null, 'news are good for three days');
});

test('without a mail server mail stays, and what is over is erased all the same', async (t) => {
  const { env, clock } = await openWorld(t);
  const job = mailJob(env);
  await env.db.transaction((tx) => queueMail(env, tx, { email: 'ana@acme.example', locale: 'en' }, RESET));
  assert.equal(await job.isDue?.(), false);
  clock.at += 30 * 60;
  assert.equal(await job.isDue?.(), true);
  await job.run({ isStopping: () => false });
  const [mail] = await listMail(env.db.read, 1);
  assert.deepEqual([mail?.sealed_parameters, mail?.tries], ['', 0]);
});

test('mail that waits for ten minutes is a reason in /readyz, which stays ready', async (t) => {
  const { office, write, deliver, readiness, clock } = await openBoth(t);
  office.behaviour.greeting = 421;
  await write();
  await deliver();
  clock.at += 599;
  assert.deepEqual(await readiness(), []);
  clock.at += 1;
  assert.deepEqual(await readiness(), ['mail_stuck']);
  delete office.behaviour.greeting;
  await deliver();
  assert.deepEqual(await readiness(), []);
});

test('a mail that does not decrypt is given up and nothing of it is sent', async (t) => {
  const { office, write, deliver, row, env } = await openBoth(t);
  const id = await write();
  const sealed = env.keys.seal('mail', { table: 'outbox', rowId: 'another', userId: '' }, '{}');
  await env.db.transaction((tx) => tx.updateTable('outbox').set({ sealed_parameters: sealed }).execute());
  await deliver();
  assert.deepEqual([(await row(id)).last_fault, office.raw.length], ['unreadable', 0]);
});

test('a mail whose words cannot be made waits, and the log says so, not that it does not decrypt', async (t) => {
  const { office, write, deliver, row, env, log } = await openBoth(t);
  const recipient = 'ana@acme.example';
  const id = await write({ kind: 'invited_again', partner: 'Acme' }, recipient);
  const sealed = env.keys.seal('mail', { table: 'outbox', rowId: id, userId: recipient }, '{}');
  await env.db.transaction((tx) => tx.updateTable('outbox').set({ sealed_parameters: sealed }).execute());
  await deliver();
  const { last_fault, dead_at, sealed_parameters } = await row(id);
  assert.deepEqual([last_fault, dead_at, sealed_parameters, office.raw.length], ['unwritable', null, sealed, 0]);
  const faults = log.filter((line) => JSON.parse(line).mailId === id && JSON.parse(line).err);
  assert.deepEqual(
    faults.map((line) => [JSON.parse(line).msg, JSON.parse(line).kind]),
    [['the words of a mail could not be made', 'invited_again']],
  );
});

test('a recipient that somebody changed in the database gets nothing, and no header comes of it', async (t) => {
  const { office, write, deliver, env } = await openBoth(t);
  for (const recipient of [
    'b@evil.example',
    'ana@acme.example, b@evil.example',
    'ana@acme.example\r\nBcc: b@evil.example',
  ]) {
    await write();
    await env.db.transaction((tx) => tx.updateTable('outbox').set({ recipient }).execute());
    await deliver();
    assert.equal(office.raw.length, 0);
  }
});

test('whatever the server does, the log holds no link, no address and no words', async (t) => {
  const { office, write, deliver, log } = await openBoth(t);
  const behaviours = [{ greeting: 421 }, { sender: 553 }, { recipients: { 'ana@acme.example': 451 } }, { data: 451 }];
  for (const behaviour of [...behaviours, { data: 'drop' as const }, { data: 554 }, {}]) {
    for (const key of Object.keys(office.behaviour)) Reflect.deleteProperty(office.behaviour, key);
    Object.assign(office.behaviour, behaviour);
    await write();
    await deliver(3600);
  }
  assert.ok(log.length >= 7);
  for (const line of log) assert.doesNotMatch(line, /aaaa|acme|Set a new password|as it was told/, line);
});
