import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withEnv } from '#cli/open.ts';
import { programName } from '#cli/program-name.ts';
import { newDatabaseSettings } from '../databases/open.ts';
import { assertRefused, freePort, launch, openFolder, refusalOf, run } from './command-line.ts';

/** Refused in this process. Other tests prove the exit code with a real process. */
async function refused(code: 1 | 2, line: RegExp, ...typed: string[]): Promise<void> {
  const refusal = await refusalOf(typed);
  assert.equal(refusal.code, code, refusal.line);
  assert.match(refusal.line, line);
  assert(!refusal.line.includes('\n'));
}
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const FACTORS = { passkeys: { policy: 'allowed', requiredFrom: null }, trustedDevices: false };
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

test('only serve makes a database: every other command names the path that is missing', async (t) => {
  const { folder, environment } = openFolder(t);
  const said = await Promise.all([
    run(['user', 'list'], environment),
    run(['backup', join(folder, 'copy.db')], environment),
    run(['keys', 'status', '--json'], environment),
  ]);
  for (const one of said) assertRefused(one, 1, new RegExp(`${folder}/data/sallyport\\.db`));
  assert.deepEqual(readdirSync(folder), []);
});

describe('while the server runs', async () => {
  const cleanups: (() => void)[] = [];
  const later = { after: (done: () => void) => void cleanups.push(done) };
  const { folder } = openFolder(later);
  const environment = await newDatabaseSettings(folder);
  let settings: Record<string, string> = environment;
  const json = async (args: readonly string[], input?: string) => {
    const said = await run([...args, '--json'], settings, input);
    assert.equal(said.code, 0, said.err);
    assert.equal(said.err, '');
    return JSON.parse(said.out);
  };
  let server: Awaited<ReturnType<typeof launch>>;

  test.before(async () => {
    settings = { ...environment, PORT: String(await freePort()) };
    // Code in this process reads its environment, and the variables of the tests are no settings.
    for (const name of Object.keys(process.env)) if (name.startsWith('SALLYPORT_TEST_')) delete process.env[name];
    Object.assign(process.env, settings);
    server = await launch(later, ['serve'], settings);
  });
  test.after(async () => {
    const { code } = await server.stop();
    for (const clean of cleanups.reverse()) clean();
    assert.equal(code, 0);
  });

  test('a partner is added, listed and given another policy', async () => {
    const acme = await json(['partner', 'add', 'Acme Telecom', '--mfa', 'required', '--mfa-from', '2099-02-01']);
    assert.match(acme.id, UUID);
    const mfa = { policy: 'required', requiredFrom: '2099-02-01T12:00:00Z' };
    assert.deepEqual(acme, { id: acme.id, slug: 'acme-telecom', name: 'Acme Telecom', mfa, ...FACTORS });
    const past = await json(['partner', 'mfa', 'acme-telecom', 'required', '--from', '2001-01-01']);
    assert.deepEqual(past.mfa, { policy: 'required', requiredFrom: null });
    assert.deepEqual(past.ended, { sessions: 0, signIns: 0 });
    assert.deepEqual(await json(['partner', 'list']), [{ ...acme, mfa: past.mfa }]);
    await refused(1, /--slug/, 'partner', 'add', 'Acme Telecom');
    await refused(2, /--mfa-from/, 'partner', 'add', 'B', '--mfa', 'optional', '--mfa-from', '2099-02-01');
    await refused(2, /--from/, 'partner', 'mfa', 'acme-telecom', 'off', '--from', '2099-02-01');
    await refused(2, /day/, 'partner', 'mfa', 'acme-telecom', 'required', '--from', '2099-02-30');
    await refused(1, /no such partner/, 'partner', 'mfa', 'nobody', 'off');
  });

  test('trusted devices of a partner are allowed and stopped', async () => {
    const on = await json(['partner', 'trusted-devices', 'acme-telecom', 'on']);
    assert.deepEqual([on.trustedDevices, on.ended], [true, { trustedDevices: 0, sessions: 0 }]);
    assert.match((await run(['partner', 'list'], settings)).out, /trusted devices allowed/);
    const off = await run(['partner', 'trusted-devices', 'acme-telecom', 'off'], settings);
    assert.match(off.out, /Acme Telecom: trusted devices not allowed\.\s+Ended: trusted devices 0, sessions/);
    await refused(2, /either on or off/, 'partner', 'trusted-devices', 'acme-telecom', 'yes');
    await refused(1, /no such partner/, 'partner', 'trusted-devices', 'nobody', 'on');
  });

  test('a user is added with a password from standard input, of which one line end is dropped', async () => {
    const add = [
      'user',
      'add',
      'Ana@Acme.example',
      '--partner',
      'acme-telecom',
      '--name',
      'Ana Silva',
      '--password-stdin',
    ];
    const ana = await json(add, 'otter velvet 9\n\r\n');
    assert.match(ana.id, UUID);
    assert.deepEqual([ana.email, ana.name, ana.role, ana.state], ['ana@acme.example', 'Ana Silva', 'member', 'active']);
    assert.deepEqual([ana.partner.slug, Object.keys(ana.partner)], ['acme-telecom', ['id', 'slug', 'name']]);
    assert.deepEqual(ana.mfa, { enrolled: false, since: null });
    assert(!('invitationUrl' in ana));
    const signIn = async (password: string) => {
      const body = JSON.stringify({ email: 'ana@acme.example', password });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${server.url}/api/v1/sign-in`, { method: 'POST', headers, body })).status;
    };
    assert.deepEqual([await signIn('otter velvet 9\n'), await signIn('otter velvet 9')], [200, 401]);
    assertRefused(await run(add, settings, 'otter velvet 9'), 1, /email/);
    assertRefused(await run(add.with(2, 'b@c.example'), settings, 'short\n'), 1, /12 characters/);
    assertRefused(await run(add.slice(0, -1), settings, ''), 2, /--password-stdin or --invite/);
    assertRefused(await run([...add, '--invite'], settings, ''), 2, /not both/);
  });

  test('an invited member of staff is listed, and the mail can be read', async () => {
    const csm = await json(['staff', 'add', 'csm@portal.example', '--role', 'csm', '--invite']);
    assert.deepEqual([csm.partner, csm.role, csm.state], [null, 'csm', 'invited']);
    assert(csm.invitationUrl.startsWith(`${server.url}/invitation/`));
    assert.equal((await fetch(csm.invitationUrl)).status, 200);
    const listed = await json(['user', 'list']);
    const { invitationUrl, ...record } = csm;
    assert.deepEqual(
      listed.find(({ email }: { email: string }) => email === csm.email),
      record,
    );
    const [mail] = await json(['mail', 'list']);
    assert.deepEqual([mail.kind, mail.to, mail.sentAt], ['invitation', 'csm@portal.example', null]);
    const shown = await json(['mail', 'show', mail.id]);
    assert(shown.text.includes(invitationUrl));
    await refused(1, /no such email/, 'mail', 'show', 'nothing');
    await refused(2, /csm or admin/, 'staff', 'add', 'x@portal.example', '--role', 'manager', '--invite');
  });

  test('acts on a person print the person, and need a reason', async () => {
    const email = 'csm@portal.example';
    const act = (verb: string) => json(['user', verb, email, '--reason', 'asked by phone']);
    assert.equal((await act('disable')).state, 'disabled');
    await refused(1, /disabled/, 'user', 'link', email);
    assert.equal((await act('enable')).state, 'invited');
    assert.equal((await act('unlock')).email, email);
    assert.deepEqual((await act('reset-mfa')).mfa, { enrolled: false, since: null });
    await refused(2, /--reason/, 'user', 'disable', email);
    await refused(2, /--reason/, 'user', 'disable', email, '--reason', ' ');
    await refused(1, /no user has this email address/, 'user', 'reset-mfa', 'no@body.example', '--reason', 'x');
    const link = await run(['user', 'link', email], settings);
    assert.match(link.out, new RegExp(`^${server.url}/password/[\\w-]{43}\n$`));
  });

  test('a person is deleted for good, with a reason, once', async () => {
    const email = 'gone@acme.example';
    const bo = await json(['user', 'add', email, '--partner', 'acme-telecom', '--invite']);
    await refused(2, /--reason/, 'user', 'delete', email);
    await refused(2, /--reason/, 'user', 'delete', email, '--reason', ' ');
    await refused(1, /no user has this email address/, 'user', 'delete', 'no@body.example', '--reason', 'x');
    const gone = await json(['user', 'delete', email, '--reason', 'left for good']);
    assert.deepEqual([gone.id, gone.email, INSTANT.test(gone.deletedAt)], [bo.id, email, true]);
    assert.equal((await fetch(bo.invitationUrl)).status, 404);
    await refused(1, /no user has this email address/, 'user', 'delete', email, '--reason', 'again');
    const listed: { email: string }[] = await json(['user', 'list']);
    assert(!listed.some((one) => one.email === email));
    const again = await json(['user', 'add', email, '--partner', 'acme-telecom', '--invite']);
    assert.notEqual(again.id, bo.id);
    const said = await run(['user', 'delete', email, '--reason', 'a second time'], settings);
    assert.equal(said.out, `${email} is deleted. Sessions ended: 0.\n`);
  });

  test('keys of the management API end with the administrator who made them, and the command says which', async () => {
    const admin = await json(['staff', 'add', 'maker@portal.example', '--role', 'admin', '--invite']);
    const keys: string[] = [];
    for (const name of ['CRM', 'ERP']) keys.push((await json(['api-key', 'add', name, '--scope', 'users:read'])).id);
    await withEnv(async ({ db }) => {
      const made = { created_by: admin.id };
      await db.transaction((tx) => tx.updateTable('api_keys').set(made).where('id', 'in', keys).execute());
      return undefined;
    });
    const said = await run(['user', 'disable', 'maker@portal.example', '--reason', 'left'], settings);
    assert.match(said.out, /API keys that ended with their maker: 2 \((CRM, ERP|ERP, CRM)\)\.\n$/);
    const list = await run(['api-key', 'list'], settings);
    assert.equal(list.out.match(/ended \S+: its maker was disabled/g)?.length, 2);
    const [one] = (await json(['api-key', 'list'])).filter(({ id }: { id: string }) => id === keys[0]);
    assert.equal(one.revokedBecause, 'maker_disabled');
    const again = await json(['user', 'disable', 'maker@portal.example', '--reason', 'left']);
    assert.deepEqual(again.endedApiKeys, []);
  });

  test('the audit log is exported and verified, and a head that is gone is noticed', async () => {
    const { out, err } = await run(['audit', 'export'], settings);
    assert.equal(err, '');
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(events.at(-1).action, 'audit.exported');
    const added = events.find(({ action }) => action === 'staff.created');
    assert.deepEqual([added.actor, added.outcome, added.detail], ['command_line', 'success', { role: 'csm' }]);
    assert.match(added.at, INSTANT);
    const csv = await run(['audit', 'export', '--format', 'csv', '--since', '2099-01-01'], settings);
    assert.match(csv.out, /^id,at,action,[^\n]+\n$/);
    const verified = await json(['audit', 'verify']);
    assert.deepEqual([verified.intact, verified.problems], [true, []]);
    await json(['audit', 'verify', '--head', verified.head]);
    const gone = await run(['audit', 'verify', '--head', 'ab'.repeat(32)], settings);
    assert.equal(gone.code, 1);
    assert.match(gone.err, /^sallyport: [^\n]+\n$/);
    await refused(2, /64/, 'audit', 'verify', '--head', 'x');
    await refused(2, /--since/, 'audit', 'export', '--since', 'yesterday');
    await refused(2, /--before/, 'audit', 'erase');
    assert.equal((await json(['audit', 'erase', '--before', '2000-01-01'])).events, 0);
    assert.equal((await json(['audit', 'verify'])).intact, true);
  });

  test('a backup has mode 0600, leaves the keys out, says so, and replaces no file', async () => {
    const file = join(folder, 'copy.db');
    const said = await run(['backup', file], settings);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /key ring .* is not in it.*every authenticator/s);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert(!existsSync(join(folder, 'keys')));
    await refused(1, /exists already/, 'backup', file);
  });

  test('keys, routes and settings are printed, secrets masked', async () => {
    const status = await json(['keys', 'status']);
    assert.equal(status.active, 'k1');
    assert.equal(status.keys[0].tables.users, 1);
    const routes: { method: string; path: string; guard: string }[] = await json(['routes']);
    assert(routes.some(({ path, guard }) => path === '/healthz' && guard === 'public'));
    assert(routes.every((route) => Object.keys(route).join() === 'method,path,guard'));
    assert(!routes.some(({ path }) => path.startsWith('/dev/')));
    const secret = `k1:${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`;
    const said = await run(['config', '--json'], { ...settings, SALLYPORT_KEYS: secret });
    assert(!said.out.includes(secret));
    const rows: { name: string; source: string }[] = JSON.parse(said.out);
    assert.equal(rows.find(({ name }) => name === 'PORT')?.source, 'environment');
    const bad = await run(['config'], { ...settings, SALLYPORT_ACCENT_HUE: '999' });
    assert.deepEqual([bad.code, bad.err.split('\n').length], [1, 2]);
  });
});

test('the version, the help and wrong usage have their own exit codes', async () => {
  const said = await Promise.all(
    [['--version'], ['--help'], ['user', 'add', '--help'], [], ['restore']].map((args) => run(args, {})),
  );
  assert.deepEqual(
    said.map(({ code }) => code),
    [0, 0, 0, 2, 2],
  );
  assert.match(said[0]?.out ?? '', /^\d+\.\d+\.\d+\n$/);
  assert.ok(said[2]?.out.startsWith(`Usage: ${programName()} user add EMAIL`), said[2]?.out);
  for (const wrong of said.slice(3)) assertRefused(wrong, 2, /--help/);
});
