import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultKey } from '#features/console/settings/test-mail-page.ts';
import { TEST_MAILS_PER_HOUR } from '#flows/instance/test-mail.ts';
import { listMail } from '#store/queue/outbox.ts';
import type { Person } from '../../../world.ts';
import { lastEvents, ROBIN, read } from '../console-story.ts';
import { openSettings, SETTINGS } from './settings-story.ts';

const WITH_SERVER = {
  SALLYPORT_SMTP_URL: 'smtps://portal:very-secret@mail.acme.example',
  SALLYPORT_MAIL_FROM: 'Portal <sign-in@acme.example>',
};

async function send(robin: Person) {
  await robin.get(SETTINGS);
  return robin.post(`${SETTINGS}/test-mail`);
}

test('a test mail goes to the own address, and the page after it says that no server sends it', async (t) => {
  const { world, robin } = await openSettings(t);
  const sent = await send(robin);
  assert.equal(sent.status, 303);
  const mails = (await world.mail()).filter(({ kind }) => kind === 'test');
  assert.deepEqual(
    mails.map(({ to }) => to),
    [ROBIN],
  );
  assert.match(await read(robin, sent.location ?? ''), /waiting in the outbox.*SALLYPORT_SMTP_URL/);
  const [event] = await lastEvents(world, 1);
  assert.deepEqual([event?.action, event?.detail], ['mail.test_requested', {}]);
});

test('the page says what became of it: queued, accepted, put off, refused', async (t) => {
  const { world, robin } = await openSettings(t, WITH_SERVER);
  const page = (await send(robin)).location ?? '';
  const id = page.split('=')[1] ?? '';
  const becomes = (row: object) =>
    world.env.db.transaction((tx) => tx.updateTable('outbox').set(row).where('id', '=', id).execute());
  assert.match(await read(robin, page), /queued/);
  await becomes({ last_fault: 'EAUTH AUTH PLAIN 535 5.7.8', tries: 1 });
  assert.match(
    await read(robin, page),
    /hasn’t been sent yet.*doesn’t accept the username or password.*EAUTH AUTH PLAIN 535/,
  );
  await becomes({ last_fault: 'EENVELOPE RCPT TO 550 5.1.1', dead_at: world.clock.at });
  assert.match(await read(robin, page), /was refused.*doesn’t know this address/);
  await becomes({ dead_at: null, sent_at: world.clock.at });
  assert.match(await read(robin, page), /accepted the email to robin@portal\.example/);
});

test('no page shows user or password of the mail server', async (t) => {
  const { robin } = await openSettings(t, WITH_SERVER);
  const page = await robin.get(SETTINGS);
  assert.match(page.text, /mail\.acme\.example:465/);
  assert.doesNotMatch(page.text, /very-secret|portal:|portal@/);
});

test('after the share of the hour nothing is queued, and the page says when there is more', async (t) => {
  const { world, robin } = await openSettings(t);
  for (let count = 0; count < TEST_MAILS_PER_HOUR; count++) assert.equal((await send(robin)).status, 303);
  const before = (await world.mail()).length;
  const over = await send(robin);
  assert.equal(over.status, 429);
  assert.match(over.text, /You have sent all test emails for this hour\. Try again in \d+ (minutes|seconds)/);
  assert.equal((await world.mail()).length, before);
});

test('a mail of somebody else, or of another kind, is not shown', async (t) => {
  const { world, robin } = await openSettings(t);
  const other = (await listMail(world.env.db.read, 10)).find(({ kind }) => kind === 'new_device');
  assert.ok(other, 'her sign-in was mailed');
  for (const id of ['nothing', other.id]) {
    assert.doesNotMatch(await read(robin, `${SETTINGS}/test-mail?mail=${id}`), /waiting in the outbox|queued|accepted/);
  }
});

test('every kind of fault has words that say what to look at', () => {
  const words = (fault: string) => faultKey(fault).split('.').at(-1);
  assert.deepEqual(
    [
      ...['EAUTH AUTH PLAIN 535 5.7.8', 'ETLS', 'EDNS', 'ECONNECTION CONN', 'ETIMEDOUT CONN', 'ESOCKET'],
      ...['EENVELOPE MAIL FROM 550 5.7.1', 'EENVELOPE RCPT TO 550 5.1.1', 'EMESSAGE DATA 554', 'EPROTOCOL CONN 554'],
      'unknown',
    ].map(words),
    [
      ...['login', 'tls', 'name', 'connection', 'connection', 'connection'],
      ...['sender', 'recipient', 'message', 'sender', 'other'],
    ],
  );
});
