import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Mail, queueMail } from '#flows/runtime/mail.ts';
import { deliverMail } from '#mail/deliver.ts';
import { smtpMailer } from '#mail/smtp.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ORIGIN, openWorld } from '../world.ts';
import { type Behaviour, openPostOffice } from './post-office.ts';

const PATIENCE = { connectSeconds: 1, silenceSeconds: 1, sendSeconds: 3 };
const INVITATION: Mail = { kind: 'invitation', link: `${ORIGIN}/invitation/${'a'.repeat(43)}` };

async function openRelay(t: TestContext, environment: Readonly<Record<string, string>> = {}) {
  const office = await openPostOffice(t);
  const world = await openWorld(t, {
    environment: {
      SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${office.port}`,
      SALLYPORT_MAIL_FROM: 'sign-in@portal.example',
      ...environment,
    },
  });
  const { env, clock } = world;
  const { smtp, mailFrom } = env.config;
  assert(smtp && mailFrom);
  const mailer = smtpMailer(smtp, mailFrom, PATIENCE);
  t.after(() => mailer.close());
  const write = (email = 'ana@acme.example') =>
    env.db.transaction((tx) => queueMail(env, tx, { email, locale: 'en', partnerId: undefined }, INVITATION));
  const deliver = async (seconds = 0) => {
    clock.at += seconds;
    await deliverMail(env, mailer);
    const [row] = await listMail(env.db.read, 1);
    assert(row);
    return row;
  };
  const reasons = async () => {
    const answer = await world.app.fetch(new Request(`${ORIGIN}/readyz`));
    return { status: answer.status, reasons: JSON.parse(await answer.text()).reasons };
  };
  return { ...world, office, write, deliver, reasons };
}

const HELD: Readonly<Record<string, Behaviour>> = {
  'a relay that passes nothing on': { recipients: { '*': '554 5.7.1 Relay access denied' } },
  'a relay that says so without an enhanced code': { recipients: { '*': '554 Relay access denied' } },
  'a relay that says 550 for it': { recipients: { '*': '550 relay not permitted' } },
  'a relay that says it softly': { recipients: { '*': '454 4.7.1 Relay access denied' } },
  'a policy about the message': { data: '550 5.7.26 Unauthenticated mail is not accepted' },
  'a policy about the message, without an enhanced code': { data: '554 Message rejected: DMARC policy' },
  'a server that wants a password': { sender: '530 5.7.0 Authentication required' },
  'a sender that is not ours': { sender: '553 5.7.1 Sender address rejected' },
  'a sender that is refused only with the recipient': { recipients: { '*': '550 5.1.8 Sender address rejected' } },
  'a greeting that refuses us': { greeting: '554 5.7.1 No access for you' },
  'a server that cannot route': { recipients: { '*': '550 5.4.4 Unable to route' } },
};

for (const [name, behaviour] of Object.entries(HELD)) {
  test(`${name} holds the mail with its link, is a reason in /readyz, and after the mend it goes out`, async (t) => {
    const { office, write, deliver, reasons, log } = await openRelay(t);
    Object.assign(office.behaviour, behaviour);
    await write();
    const first = await deliver();
    assert.deepEqual([first.dead_at, first.sent_at, first.held_since], [null, null, 1_800_000_000]);
    assert.notEqual(first.sealed_parameters, '');
    assert.deepEqual(await reasons(), { status: 200, reasons: ['mail_held'] });
    assert.ok(log.some((line) => line.includes('a mail is held')));
    const later = await deliver(10 * 3600);
    assert.deepEqual([later.dead_at, later.held_since, later.tries], [null, 1_800_000_000, 2]);
    for (const key of Object.keys(behaviour)) Reflect.deleteProperty(office.behaviour, key);
    const sent = await deliver(900);
    assert.notEqual(sent.sent_at, null);
    assert.equal(office.raw.length, 1);
    assert.deepEqual(await reasons(), { status: 200, reasons: [] });
  });
}

const DEAD: Readonly<Record<string, Behaviour>> = {
  'a mailbox that does not exist': { recipients: { '*': '550 5.1.1 User unknown' } },
  'a mailbox that does not exist, without an enhanced code': { recipients: { '*': '550 No such user here' } },
  'a mailbox whose name sounds like a policy': { recipients: { '*': '550 5.1.1 <relay@spam.example> unknown' } },
  'a mailbox that is switched off': { recipients: { '*': '550 5.2.1 Mailbox disabled' } },
  'a domain that takes no mail': { recipients: { '*': '556 5.1.10 Domain does not accept mail' } },
  'a recipient that Exchange Online does not know': {
    recipients: { '*': '550 5.4.1 Recipient address rejected: Access denied' },
  },
  'a message that is too large': { data: '552 5.3.4 Message too big' },
};

for (const [name, behaviour] of Object.entries(DEAD)) {
  test(`${name} ends the mail at once, and is no reason in /readyz`, async (t) => {
    const { office, write, deliver, reasons } = await openRelay(t);
    Object.assign(office.behaviour, behaviour);
    await write();
    const { dead_at, held_since, sealed_parameters, last_fault } = await deliver();
    assert.deepEqual([dead_at, held_since, sealed_parameters], [1_800_000_000, null, '']);
    assert.match(last_fault ?? '', /^E[A-Z]+ (?:RCPT TO|DATA) 55\d(?: 5\.\d\.\d+)?$/);
    assert.deepEqual(await reasons(), { status: 200, reasons: [] });
  });
}

test('greylisting is only waiting: no reason in /readyz', async (t) => {
  const { office, write, deliver, reasons } = await openRelay(t);
  office.behaviour.recipients = { '*': '451 4.7.1 Greylisting in action, please come back later' };
  await write();
  assert.equal((await deliver()).held_since, null);
  assert.deepEqual(await reasons(), { status: 200, reasons: [] });
  office.behaviour.recipients = {};
  assert.notEqual((await deliver(15)).sent_at, null);
});

test('a server whose name is unknown, or whose password does not fit, is a reason at once', async (t) => {
  const nowhere = await openRelay(t, { SALLYPORT_SMTP_URL: 'smtps://mail.nowhere.invalid' });
  await nowhere.write();
  assert.deepEqual([(await nowhere.deliver()).dead_at, await nowhere.reasons()], [null, HELD_ANSWER]);
  const office = await openPostOffice(t, {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(new Error('no')),
  });
  const wrong = await openRelay(t, { SALLYPORT_SMTP_URL: `smtp://portal:wrong@127.0.0.1:${office.port}` });
  await wrong.write();
  assert.deepEqual([(await wrong.deliver()).dead_at, await wrong.reasons()], [null, HELD_ANSWER]);
});

const HELD_ANSWER = { status: 200, reasons: ['mail_held'] };

test('a relay that refuses everything is asked by a few mails, not by every mail in turn', async (t) => {
  const { office, write, deliver, env } = await openRelay(t);
  office.behaviour.recipients = { '*': '554 5.7.1 Relay access denied' };
  for (let mails = 0; mails < 12; mails++) await write(`p${mails}@acme.example`);
  await deliver();
  assert.equal((await listMail(env.db.read, 100)).filter(({ tries }) => tries > 0).length, 4);
});

test('the mail server is greeted with the host of the public URL, or with the name of the setting', async (t) => {
  for (const [given, greeted] of [
    [{}, 'sign-in.example.com'],
    [{ SALLYPORT_SMTP_HELO: 'mail.portal.example' }, 'mail.portal.example'],
    [{ SALLYPORT_PUBLIC_URL: 'https://192.0.2.1' }, '[192.0.2.1]'],
    [{ SALLYPORT_PUBLIC_URL: 'https://[2001:db8::1]' }, '[ipv6:2001:db8::1]'],
    [{ SALLYPORT_SMTP_HELO: '[192.0.2.7]' }, '[192.0.2.7]'],
  ] as const) {
    const { office, write, deliver } = await openRelay(t, given);
    await write();
    await deliver();
    assert.deepEqual(office.greetedAs, [greeted]);
  }
});

test('a server that ends the greeting with 421 is tried again later', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 relay.example\r\n');
    socket.on('data', () => socket.end('421 4.7.0 Try again later, closing connection. (EHLO)\r\n'));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert(typeof address === 'object' && address);
  const { write, deliver } = await openRelay(t, { SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${address.port}` });
  await write();
  const { dead_at, last_fault } = await deliver();
  assert.deepEqual([dead_at, last_fault], [null, 'ECONNECTION EHLO 421 4.7.0']);
});
