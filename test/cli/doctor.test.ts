import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mail } from '#cli/doctor-outside.ts';
import { linesOf } from '#cli/doctor-storage.ts';
import { parseSmtpUrl } from '#config/parse.ts';
import { newPostgresUrl } from '../databases/open.ts';
import { fill, openKeyWorld } from '../keys/key-world.ts';
import { openPostOffice } from '../mail/post-office.ts';
import { assertRefused } from './command-line.ts';

test('the doctor says ok of a healthy service whose server is down, and what to do about the rest', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: 1, mails: 0 });
  await server.stop();
  const said = await world.command(['doctor', '--json']);
  assert.equal(said.code, 0, said.err);
  const found: { check: string; state: string; text: string }[] = JSON.parse(said.out);
  const stateOf = (check: string) => found.find((one) => one.check === check)?.state;
  for (const check of ['settings', 'files', 'durability', 'keys', 'audit log'])
    assert.equal(stateOf(check), 'ok', check);
  for (const check of ['server', 'mail', 'proxies', 'administrator']) assert.equal(stateOf(check), 'warn', check);
});

test('the doctor ends with 1 where something fails', async (t) => {
  const world = openKeyWorld(t);
  const missing = await world.command(['doctor']);
  assert.equal(missing.code, 1);
  assert.match(missing.out, /fail +database +there is no database at/);
  await (await world.serve('one:1')).stop();
  chmodSync(world.path, 0o644);
  const open = await world.command(['doctor']);
  assert.equal(open.code, 1);
  assert.match(open.out, /fail +files +others may read \S+test\.db: chmod 600 /);
  assertRefused(await world.command(['doctor', 'twice']), 2, /one word too many/);
});

test('the doctor names each file that others may read or write, and one that cannot be read is a line', async (t) => {
  const world = openKeyWorld(t);
  const none = await world.commandWith(['doctor'], { SALLYPORT_KEYS_FILE: join(world.folder, 'nowhere') });
  assert.equal(none.code, 1);
  assert.match(none.out, /^fail +settings +SALLYPORT_KEYS_FILE names a file that cannot be read: give the path/m);
  assert.match(none.out, /^fail +secret files +SALLYPORT_KEYS_FILE: \S+nowhere cannot be read: give the path/m);
  await (await world.serve('one:1')).stop();
  const ring = join(world.folder, 'ring');
  writeFileSync(ring, world.ring());
  for (const [mode, line] of [
    [0o644, /^warn +secret files +SALLYPORT_KEYS_FILE: everybody may read \S+ring: chmod 600/m],
    [0o660, /^fail +secret files +SALLYPORT_KEYS_FILE: others may write \S+ring: chmod 600/m],
    [0o600, /^ok +secret files +1 in use, none open to everybody/m],
  ] as const) {
    chmodSync(ring, mode);
    assert.match((await world.commandWith(['doctor'], { SALLYPORT_KEYS_FILE: ring })).out, line);
  }
  chmodSync(join(world.folder, 'keys'), 0o640);
  const { out, code } = await world.command(['doctor']);
  assert.equal(code, 1);
  assert.match(out, /^fail +files +others may read \S+keys: chmod 600/m);
  assert.match(out, /^fail +keys +\S+keys holds the keys and may be read by others: chmod 600/m);
});

test('the doctor greets the mail server as a delivery does: with TLS, and with the password', async (t) => {
  const of = async (url: string) => {
    const smtp = parseSmtpUrl(url);
    assert(!('problem' in smtp));
    const { state, text } = await mail({ smtp });
    return `${state} ${text}`;
  };
  const password = 'right';
  const office = await openPostOffice(t, {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) =>
      auth.password === password
        ? done(null, { user: 'us' })
        : done(Object.assign(new Error('no'), { responseCode: 535 })),
  });
  assert.match(
    await of(`smtp://us:right@127.0.0.1:${office.port}`),
    /^ok .* takes our mail in the clear, to this machine/,
  );
  const wrong = await of(`smtp://us:guessed@127.0.0.1:${office.port}`);
  assert.match(wrong, /^fail .*EAUTH.*: mail waits in the outbox; look at the user and the password/);
  assert(!wrong.includes('guessed'));
  // Nobody vouches for the certificate; the other hears nothing of STARTTLS.
  const secure = await openPostOffice(t, { host: '127.0.0.2', secure: true });
  assert.match(await of(`smtps://127.0.0.2:${secure.port}`), /^fail .*: mail waits in the outbox; .*certificate/);
  const plain = await openPostOffice(t, { host: '127.0.0.2' });
  assert.match(await of(`smtp://127.0.0.2:${plain.port}`), /^fail .*ETLS/);
  await office.close();
  assert.match(
    await of(`smtp://127.0.0.1:${office.port}`),
    /^fail .*: mail waits in the outbox; look at host and port/,
  );
});

test('the doctor says of PostgreSQL what it is set up to do', async (t) => {
  const world = openKeyWorld(t);
  await (await world.serve('one:1')).stop();
  const settings = { SALLYPORT_DATABASE_URL: await newPostgresUrl(), SALLYPORT_KEYS: world.ring() };
  const many = { ...settings, SALLYPORT_DATABASE_CONNECTIONS: '100', SALLYPORT_WORKERS: '16' };
  const said = await world.commandWith(['doctor', '--json'], many);
  const found: { check: string; state: string; text: string }[] = JSON.parse(said.out);
  const lineOf = (check: string) => {
    const line = found.find((one) => one.check === check);
    return `${line?.state} ${line?.text}`;
  };
  assert(found.length > 8, said.out);
  assert.match(lineOf('PostgreSQL'), /^ok version 1[5-9]\./);
  // The server of the tests is made quick and forgetful.
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    assert.match(lineOf(name), new RegExp(`^fail off: a crash may lose .* set ${name} = on`));
  }
  assert.match(lineOf('durability'), /^fail /);
  assert.match(lineOf('standbys'), /^warn none/);
  assert.match(
    lineOf('connections'),
    /^warn 16 processes of up to 100 each want 1600 of \d+: lower SALLYPORT_DATABASE/,
  );
  assert.match(lineOf('clock'), /^ok differs from the database by [0-5] s/);
  assert.equal(said.code, 1);
});

test('each standby has a line on whether it can take over without loss', () => {
  const settings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };
  const standbys = [
    { name: 'one', state: 'streaming', syncState: 'sync' },
    { name: 'two', state: 'streaming', syncState: 'async' },
    { name: 'three', state: 'catchup', syncState: 'potential' },
    { name: 'four', state: null, syncState: null },
  ];
  const facts = { version: '18.0', settings, wanted: 'one', standbys, mostConnections: 97 };
  const lines = linesOf(facts, { databaseConnections: 10, processes: 9 });
  assert.deepEqual(
    lines.map(({ state, check }) => `${state} ${check}`),
    [
      'ok PostgreSQL',
      'ok fsync',
      'ok full_page_writes',
      'ok synchronous_commit',
      'ok standby one',
      'warn standby two',
      'warn standby three',
      'warn standby four',
      'ok connections',
    ],
  );
  const [, , , , alone] = linesOf({ ...facts, standbys: [] }, { databaseConnections: 10, processes: 1 });
  assert.match(`${alone?.state} ${alone?.text}`, /^fail none of "one" is connected: every change waits/);
});
