import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, type Person } from '../../world.ts';
import { openService } from './server.ts';

const CODE_PAGE = '/sign-in/one-time-code';
const COOKIE = '__Host-sallyport-trust';

/** Whether the password alone signs in there. Signs out again. */
async function isTrusted(browser: Person, email: string): Promise<boolean> {
  const { location } = await browser.signIn(email);
  if (location === '/') await browser.post('/sign-out');
  return location === '/';
}

test('a trusted device, its use, its old secret and its end hold once they were answered, whatever kills the server', async (t) => {
  const service = await openService(t);
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'required']);
  await service.command(['partner', 'trusted-devices', 'acme', 'on']);
  const email = await service.addUser('ana@acme.example');
  const browser = service.person('192.0.2.1');
  await browser.signIn(email);
  const secret = await browser.enroll(Date.now() / 1000);
  await browser.post('/sign-out');
  await browser.signIn(email);
  // The set-up has used the code of now, and the next one is accepted already.
  const trusted = await browser.post(CODE_PAGE, { code: codeOf(secret, Date.now() / 1000 + 30), trust: 'yes' });
  assert.equal(trusted.status, 303);
  await browser.post('/sign-out');
  const copied = browser.cookies.get(COOKIE) ?? '';
  await service.restart();
  assert.equal(await isTrusted(browser, email), true, 'the beginning');
  await service.restart();
  assert.equal(await isTrusted(browser, email), true, 'the next secret');

  const thief = service.person('192.0.2.66');
  thief.cookies.set(COOKIE, copied);
  await service.restart();
  assert.equal(await isTrusted(thief, email), false, 'the old secret');
  await service.restart();
  assert.equal(await isTrusted(browser, email), false, 'the end');
});
