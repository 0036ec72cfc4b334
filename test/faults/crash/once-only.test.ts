import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, PASSWORD } from '../../world.ts';
import { openService, type Service } from './server.ts';

const NEW = 'harbour velvet otter 9';
const SCOPES = 'partners:write,users:write,users:reset_mfa';

async function keyOf({ command }: Service): Promise<string> {
  return JSON.parse(await command(['api-key', 'add', 'CRM', '--scope', SCOPES, '--json'])).key;
}

/** The newest link that was mailed to a person. */
async function mailedTo({ command }: Service, email: string): Promise<string> {
  const mails = JSON.parse(await command(['mail', 'list', '--json']));
  const id = mails.find(({ recipient, to = recipient }: { recipient?: string; to?: string }) => to === email)?.id;
  const text = await command(['mail', 'show', id ?? '']);
  return new URL(/https:\S+\/[\w-]{43}/.exec(text)?.[0] ?? 'https://no.link').pathname;
}

test('what works once is used up by an answer, whatever kills the server after it', async (t) => {
  const service = await openService(t);
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'optional']);
  const key = await keyOf(service);
  const ana = await service.addUser('ana@acme.example');
  const bo = await service.api('/users', { email: BO, partner: 'acme' }, key);
  const invitation = new URL(String(bo.body.invitationUrl)).pathname;
  await useLinks(service, { invitation, ana });
  const codes = await useAccessCode(service, key, String(bo.body.id));
  await changeEmailAndGoBack(service, codes);
});

const BO = 'bo@acme.example';

function signIn(service: Service, email: string, password: string) {
  return service.api('/sign-in', { email, password });
}

/** An invitation, and a link to set a password. */
async function useLinks(service: Service, { invitation, ana }: Record<'invitation' | 'ana', string>): Promise<void> {
  const person = service.person('192.0.2.1');
  assert.equal((await person.post(invitation, { name: 'Bo', password: PASSWORD })).status, 303);
  const link = new URL(JSON.parse(await service.command(['user', 'link', ana, '--json'])).url).pathname;
  assert.equal((await person.post(link, { password: NEW })).status, 303);
  await service.restart();
  for (const path of [invitation, link]) {
    assert.equal((await person.get(path)).status, 404, path);
    assert.equal((await person.post(path, { name: 'X', password: PASSWORD })).status, 404, path);
  }
  assert.equal((await signIn(service, ana, NEW)).status, 200);
  assert.equal((await signIn(service, BO, PASSWORD)).status, 200);
}

/**
 * A temporary access code: accepted for one sign-in, and dead for every other. Answers the recovery codes of the
 * set-up.
 */
async function useAccessCode(service: Service, key: string, id: string): Promise<readonly string[]> {
  const why = { reason: 'lost phone', checkedBy: 'callback', checkNote: 'office number' };
  const { accessCode: code } = (await service.api(`/users/${id}/reset-mfa`, why, key)).body;
  const [first, second] = [await signIn(service, BO, PASSWORD), await signIn(service, BO, PASSWORD)];
  const [opened, other] = [String(first.body.pendingToken), String(second.body.pendingToken)];
  assert.equal((await service.api('/sign-in/enrollment/access-code', { code }, opened)).status, 204);
  await service.restart();
  const again = await service.api('/sign-in/enrollment/access-code', { code }, other);
  assert.deepEqual([again.status, again.body.code], [422, 'access_code_expired']);
  assert.equal((await service.api('/sign-in/enrollment', {}, other)).body.code, 'access_code_required');
  const started = await service.api('/sign-in/enrollment', {}, opened);
  assert.equal(started.status, 200, 'to the one that gave it the set-up is open');
  const confirm = { code: codeOf(String(started.body.secret), Date.now() / 1000) };
  const enrolled = await service.api('/sign-in/enrollment/confirm', confirm, opened);
  assert.equal(enrolled.status, 200);
  return Object(enrolled.body.recoveryCodes);
}

/** A change of email, and its revert. */
async function changeEmailAndGoBack(service: Service, [recovery = '']: readonly string[]): Promise<void> {
  const browser = service.person('192.0.2.2');
  await browser.signIn(BO);
  assert.equal((await browser.post('/sign-in/recovery-code', { code: recovery })).status, 303);
  const asked = await browser.post('/security/email', { email: 'bo.lind@acme.example', current: PASSWORD });
  assert.equal(asked.status, 303);
  const changing = await mailedTo(service, 'bo.lind@acme.example');
  assert.equal((await browser.post(changing)).status, 303);
  await service.restart();
  assert.notEqual((await browser.post(changing)).status, 303, 'the confirmation is used up');
  assert.equal((await signIn(service, 'bo.lind@acme.example', PASSWORD)).status, 200);
  const back = await mailedTo(service, BO);
  assert.match(back, /^\/email-revert\//);
  const person = service.person('192.0.2.1');
  assert.equal((await person.post(back)).status, 303);
  await service.restart();
  assert.equal((await person.get(back)).status, 404);
  assert.equal((await signIn(service, 'bo.lind@acme.example', PASSWORD)).status, 401, 'the old email counts again');
}

test('a creation under a name that was answered is answered the same after a crash, and done once', async (t) => {
  const service = await openService(t);
  await service.start();
  const key = await keyOf(service);
  const create = () => service.apiNamed('/partners', { name: 'Harbor' }, key, 'deal-1');
  const first = await create();
  await service.restart();
  const again = await create();
  assert.deepEqual([first.status, again.status, again.body], [200, 200, first.body]);
  assert.equal(JSON.parse(await service.command(['partner', 'list', '--json'])).length, 1);
});
