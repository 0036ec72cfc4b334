import assert from 'node:assert/strict';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { browserAt, callApi, codeOf, ORIGIN, type Person } from '../../world.ts';
import { portals } from './portals.ts';
import { programs } from './programs.ts';
import type { Service } from './service.ts';
import { trustDevices } from './trust.ts';

const FIRST = 'first lantern of an otter';
const SECOND = 'second velvet of an otter';
const THIRD = 'third harbour of an otter';
const MISTYPED = 'mistyped as an email 77';
const EMAIL = 'ana@acme.example';

/** Every main function of the service, and most of its failures, once. */
export async function liveThrough(service: Service): Promise<void> {
  const { world, env } = service;
  await world.addPartner();
  await addPerson(env, 'command_line', { email: EMAIL, name: 'Ana', role: 'member', partner: 'acme', password: FIRST });
  service.tell('password', FIRST);
  const person = browserAt(service.app, '192.0.2.7');
  const secret = await enroll(service, person);
  const codes = await changeSecurity(service, person, secret);
  await signInOtherwise(service, codes);
  await resetPassword(service);
  await acceptInvitations(service);
  await typeInWrongPlaces(service);
  await overApi(service);
  await programs(service);
  await portals(service);
  await breakRows(service);
}

function later({ world }: Service, seconds = 30): void {
  world.clock.at += seconds;
}

function code(service: Service, secret: string): string {
  const now = codeOf(secret, service.world.clock.at);
  service.tell('code', now);
  return now;
}

/** A set-up with a wrong code before the right one, and Done without its checkbox. */
async function enroll(service: Service, person: Person): Promise<string> {
  await person.signIn(EMAIL, 'a wrong password for her');
  await person.signIn(EMAIL, FIRST);
  await person.get('/enroll');
  await person.post('/enroll');
  const { text } = await person.get('/enroll/authenticator');
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '';
  await person.post('/enroll/authenticator', { code: '000000' });
  assert.equal((await person.post('/enroll/authenticator', { code: code(service, secret) })).status, 303);
  assert.equal((await person.post('/enroll/recovery-codes', {})).status, 422);
  await person.get('/enroll/recovery-codes.txt');
  assert.equal((await person.post('/enroll/recovery-codes', { saved: 'yes' })).status, 303);
  return secret;
}

/** Step-ups of both kinds, a new password, a new authenticator and new recovery codes. Answers the codes. */
async function changeSecurity(service: Service, person: Person, secret: string): Promise<readonly string[]> {
  later(service, 600);
  await person.get('/security/password');
  await person.post('/step-up', { code: '111111' });
  assert.equal((await person.post('/step-up', { code: code(service, secret) })).status, 303);
  await person.post('/security/password', { current: 'not the current one', new: SECOND });
  await person.post('/security/password', { current: FIRST, new: 'passwordpassword' });
  assert.equal((await person.post('/security/password', { current: FIRST, new: SECOND })).status, 303);
  await person.get('/security/authenticator');
  await person.post('/security/authenticator/start');
  const fresh = /secret=([A-Z2-7]{32})/.exec((await person.get('/security/authenticator')).text)?.[1] ?? '';
  later(service);
  assert.equal((await person.post('/security/authenticator', { code: code(service, fresh) })).status, 303);
  assert.equal((await person.post('/security/recovery-codes')).status, 303);
  const { text } = await person.get('/enroll/recovery-codes.txt');
  const codes = text.match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/g) ?? [];
  assert.equal(codes.length, 10);
  await person.post('/enroll/recovery-codes', { saved: 'yes' });
  await person.post('/sign-out');
  await trustDevices(service, person, { email: EMAIL, password: SECOND, secret: fresh });
  return codes;
}

/** Each kind of wrong code, a recovery code, the same one again, and a recovery code in the wrong field. */
async function signInOtherwise(service: Service, codes: readonly string[]): Promise<void> {
  const person = browserAt(service.app, '192.0.2.8');
  await person.signIn(EMAIL, SECOND);
  await person.post('/sign-in/one-time-code', { code: codes[9] ?? '' });
  await person.post('/sign-in/one-time-code', { code: '222222' });
  await person.post('/sign-in/recovery-code', { code: 'AAAA-BBBB-CCCC-DDDD' });
  assert.equal((await person.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).status, 303);
  await person.get('/sign-in/notice');
  for (const typed of ['333333', '444444']) service.tell('code', typed);
  await person.get('/security/authenticator?code=333333');
  await person.get('/');
  const again = browserAt(service.app, '192.0.2.9');
  await again.signIn(EMAIL, SECOND);
  assert.equal((await again.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).status, 422);
}

/** The newest link in the outbox. */
async function newestLink({ world, tell }: Service): Promise<string> {
  const [{ link } = { link: '' }] = await world.mail();
  tell('link token', link.split('/').at(-1) ?? '');
  return link.replace(ORIGIN, '');
}

async function resetPassword(service: Service): Promise<void> {
  const person = browserAt(service.app, '192.0.2.10');
  await person.post('/forgot-password', { email: 'nobody@acme.example' });
  await person.post('/forgot-password', { email: EMAIL });
  const link = await newestLink(service);
  await person.get(link);
  assert.equal((await person.post(link, { password: 'too short' })).status, 422);
  assert.equal((await person.post(link, { password: THIRD })).status, 303);
  await person.get(link);
  await person.post(link, { password: THIRD });
}

async function acceptInvitations(service: Service): Promise<void> {
  const invited = {
    email: 'bo@acme.example',
    name: 'Bo',
    role: 'member',
    partner: 'acme',
    password: undefined,
  } as const;
  await addPerson(service.env, 'command_line', invited);
  const bo = browserAt(service.app, '192.0.2.11');
  const invitation = await newestLink(service);
  await bo.get(invitation);
  assert.equal((await bo.post(invitation, { name: 'Bo', password: 'invited lantern of Bo' })).status, 303);
  const link = await renewFirstAdministratorLink(service.env);
  const path = link?.url.replace(ORIGIN, '') ?? '';
  service.tell('link token', path.split('/').at(-1) ?? '');
  const root = browserAt(service.app, '192.0.2.12');
  await root.get(path);
  const first = { email: 'root@staff.example', name: 'Root', password: 'root of a lantern tree' };
  await root.post(path, { ...first, email: 'no email' });
  assert.equal((await root.post(path, first)).status, 303);
  await root.get(path);
}

/** Passwords where an email belongs, codes in addresses, tokens in paths that do not exist. */
async function typeInWrongPlaces(service: Service): Promise<void> {
  const person = browserAt(service.app, '192.0.2.13');
  service.tell('password', MISTYPED);
  const likeAnEmail = 'mistyped-password-77@lantern.otter';
  service.tell('password', likeAnEmail);
  await person.signIn(MISTYPED, THIRD);
  await person.signIn(likeAnEmail, THIRD);
  await person.post('/forgot-password', { email: likeAnEmail });
  await person.post('/forgot-password', { email: MISTYPED });
  await person.get(`/sign-in?password=${encodeURIComponent(THIRD)}&code=444444`);
  await person.get(`/${encodeURIComponent(THIRD)}`);
  await person.get(`/password/${encodeURIComponent(THIRD)}`);
  await person.get(`/api/v1/session?access_token=${'q'.repeat(43)}`);
  service.tell('token', 'q'.repeat(43));
  await person.send('/sign-in', { method: 'POST', body: `password=${encodeURIComponent(THIRD)}` });
  const userAgent = { 'user-agent': 'Browser/1', referer: `${ORIGIN}/password/${'r'.repeat(43)}` };
  service.tell('token', 'r'.repeat(43));
  await person.send('/sign-in', { headers: userAgent });
}

async function overApi(service: Service): Promise<void> {
  const call = (method: string, path: string, body?: unknown, token?: string) =>
    callApi(service.app, { method, path: `/api/v1${path}`, body, token });
  await call('POST', '/sign-in', { email: EMAIL, password: 'wrong over the API' });
  await call('POST', '/sign-in', { email: EMAIL, password: THIRD, [THIRD]: THIRD });
  const invited = await call('POST', '/sign-in', { email: 'bo@acme.example', password: 'invited lantern of Bo' });
  const token = String(invited.body.pendingToken);
  const { secret } = (await call('POST', '/sign-in/enrollment', undefined, token)).body;
  service.tell('one-time-code secret', String(secret));
  await call('POST', '/sign-in/enrollment/confirm', { code: 'not six digits' }, token);
  const shown = { code: code(service, String(secret)) };
  const confirmed = await call('POST', '/sign-in/enrollment/confirm', shown, token);
  assert.equal(confirmed.status, 200);
  for (const each of Object(confirmed.body.recoveryCodes)) service.tell('recovery code', String(each));
  const session = String(Object(confirmed.body.session).token);
  await call('GET', '/session', undefined, session);
  await call('DELETE', '/session', undefined, session);
  await call('GET', '/session', undefined, session);
}

/** Sealed values that cannot be decrypted, which the log reports in detail. */
async function breakRows(service: Service): Promise<void> {
  const { env, world } = service;
  const person = browserAt(service.app, '192.0.2.14');
  const { id } = await world.addUser({ email: 'cy@acme.example', partnerId: undefined, role: 'csm' });
  const secret = await world.addAuthenticator(id);
  service.tell('one-time-code secret', secret);
  await person.signIn('cy@acme.example');
  const breakSecret = { sealed_secret: env.keys.seal('totp', { table: 'x', rowId: 'x', userId: 'x' }, 'x') };
  await env.db.transaction((tx) =>
    tx.updateTable('authenticators').set(breakSecret).where('user_id', '=', id).execute(),
  );
  await person.post('/sign-in/one-time-code', { code: code(service, secret) });
  const breakPassword = { sealed_password: 'v1.k1.broken' };
  await env.db.transaction((tx) => tx.updateTable('users').set(breakPassword).where('id', '=', id).execute());
  assert.equal((await person.signIn('cy@acme.example')).status, 401);
  const di = await world.addUser({ email: 'di@acme.example', partnerId: undefined, role: 'admin' });
  const browser = browserAt(service.app, '192.0.2.15');
  await browser.signIn(di.email);
  await browser.get('/enroll');
  await browser.post('/enroll');
  await env.db.transaction((tx) =>
    tx.updateTable('enrollments').set(breakSecret).where('user_id', '=', di.id).execute(),
  );
  assert.equal((await browser.get('/enroll/authenticator')).location, '/enroll', 'it is over, and no bug');
  await breakCounters(service);
}

/** Corrupt counters: a bug that throws while a right password is in memory. */
async function breakCounters({ app, env }: Service): Promise<void> {
  const person = browserAt(app, '192.0.2.16');
  await person.get('/sign-in');
  await env.db.transaction((tx) => tx.updateTable('attempts').set({ state: '{' }).execute());
  assert.equal((await person.signIn('di@acme.example')).status, 500);
  await env.db.transaction((tx) => tx.deleteFrom('attempts').execute());
}
