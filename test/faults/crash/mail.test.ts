import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openPostOffice } from '../../mail/post-office.ts';
import { openService } from './server.ts';

const PATIENCE_SECONDS = 60;

test('kill -9 between the commit and the mail: after the restart the mail goes out, once', async (t) => {
  const office = await openPostOffice(t);
  const service = await openService(t, {
    SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${office.port}`,
    SALLYPORT_MAIL_FROM: 'sign-in@portal.example',
  });
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme']);
  const email = await service.addUser('ana@acme.example');
  // The mail server accepts nothing until the process is dead, so the mail is still unsent.
  office.behaviour.greeting = 421;
  const ana = service.person('192.0.2.1');
  assert.equal((await ana.post('/forgot-password', { email })).status, 303);
  await service.kill();
  assert.equal(office.raw.length, 0);

  delete office.behaviour.greeting;
  await service.start();
  for (let waited = 0; waited < PATIENCE_SECONDS * 10 && office.raw.length === 0; waited++) await wait(100);
  // Two more rounds, in which a second mail would be sent.
  await wait(2_500);
  const [mail, ...others] = await office.mails();
  assert.deepEqual([mail?.subject, others], ['Set a new password for Partner Interface', []]);
  const [listed] = JSON.parse(await service.command(['mail', 'list', '--json']));
  assert.deepEqual([listed.state, listed.kind], ['sent', 'password_reset']);
  const link = new URL(/https:\S+\/password\/[\w-]{43}/.exec(mail?.text ?? '')?.[0] ?? '');
  assert.equal((await ana.get(link.pathname)).status, 200, 'its link works');
});
