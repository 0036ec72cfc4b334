import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { outbox } from '#cli/doctor/contents.ts';
import { mail, reachable } from '#cli/doctor/outside.ts';
import { linesOf } from '#cli/doctor/storage.ts';
import { parseSmtpUrl } from '#config/parse.ts';
import { loadConfig } from '#config.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { deliverMail } from '#mail/deliver.ts';
import { smtpMailer } from '#mail/smtp.ts';
import { newPostgresUrl } from '../databases/open.ts';
import { fill, openKeyWorld } from '../keys/key-world.ts';
import { openPostOffice } from '../mail/post-office.ts';
import { openWorld } from '../world.ts';
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

test('the doctor greets the mail server as a delivery does: with TLS, and with the password', async (t) => {
  const of = async (url: string) => {
    const smtp = parseSmtpUrl(url);
    assert(!('problem' in smtp));
    const { state, text } = await mail({ smtp: { ...smtp, helo: 'sign-in.example.com' } });
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
  // The first server's certificate is not trusted. The second does not offer STARTTLS.
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

test('the doctor explains what a mail server says to the greeting', async (t) => {
  const serve = async (talk: (socket: Socket) => void) => {
    const server = createServer(talk).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert(typeof address === 'object' && address);
    const smtp = parseSmtpUrl(`smtp://127.0.0.1:${address.port}`);
    assert(!('problem' in smtp));
    return (await mail({ smtp: { ...smtp, helo: 'localhost' } })).text;
  };
  const refusing = await serve((socket) => {
    socket.write('220 relay.example\r\n');
    socket.once('data', () => socket.end('421 4.7.0 Try again later, closing connection. (EHLO)\r\n'));
  });
  assert.match(refusing, /EHLO 421 4\.7\.0.*the name that greets it, localhost: give SALLYPORT_SMTP_HELO a name/);
  assert.match(await serve((socket) => socket.end('421 too busy\r\n')), /CONN 421.*some minutes/);
  assert.match(await serve((socket) => socket.end('554 5.7.1 not you\r\n')), /CONN 554.*refuses this machine/);
});

test('the doctor knows of mail that is held, and of mail that was given up', async (t) => {
  const office = await openPostOffice(t);
  const environment = {
    SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${office.port}`,
    SALLYPORT_MAIL_FROM: 'a@portal.example',
  };
  const { env } = await openWorld(t, { environment });
  const { smtp, mailFrom } = env.config;
  assert(smtp && mailFrom);
  const mailer = smtpMailer(smtp, mailFrom);
  t.after(() => mailer.close());
  const say = async () => {
    const [{ state, text } = { state: '', text: '' }] = await outbox({ smtp }, env.db);
    return `${state} ${text}`;
  };
  const send = async () => {
    const ana = { email: 'ana@acme.example', locale: 'en', partnerId: undefined };
    await env.db.transaction((tx) => queueMail(env, tx, ana, { kind: 'mfa_reset', withCode: false }));
    await deliverMail(env, mailer);
  };
  assert.deepEqual(await outbox({ smtp: undefined }, env.db), []);
  assert.match(await say(), /^ok no mail is held/);
  office.behaviour.recipients = { '*': '550 5.1.1 no such user' };
  await send();
  assert.match(await say(), /^warn mails of the last 30 days that did not arrive: 1; /);
  office.behaviour.recipients = { '*': '554 5.7.1 Relay access denied' };
  await send();
  assert.match(
    await say(),
    /^fail mail is held since 2027-01-15T08:00:00Z \(EENVELOPE RCPT TO 554 5\.7\.1\): .*SALLYPORT_MAIL_FROM/,
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
  // The tests' server is configured for speed, not for durability.
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

test('the doctor hands on what the server has to say, past a proxy that does not let it through', async (t) => {
  const server = createHttpServer((_request, response) => {
    response.end(JSON.stringify({ status: 'ready', reasons: ['host_unknown', 'mail_stuck'] }));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = Object(server.address());
  const lines = async (publicUrl: string) => {
    const config = loadConfig({ PORT: String(port), SALLYPORT_PUBLIC_URL: publicUrl }, { root: '/nowhere' });
    assert.ok(!('problem' in config));
    return (await reachable(config)).map(({ state, text }) => `${state} ${text}`);
  };
  for (const [publicUrl, first] of [
    [`http://127.0.0.1:${port}`, /^ok .*answers 200$/],
    ['https://sign-in.invalid', /^warn .*is not reached from here/],
  ] as const) {
    const [server, host, mail] = await lines(publicUrl);
    assert.match(server ?? '', first);
    assert.match(host ?? '', /^warn host_unknown: .*correct the setting, or let the proxy pass Host on$/);
    assert.match(mail ?? '', /^warn mail_stuck: see the reasons/);
  }
});

test('the doctor reports a clock that has jumped, and what one that was ahead has left', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const detail = { seconds: 7_200 };
  const event = { action: 'server.clock_jumped', actor: 'system', detail } as const;
  await server.env.db.transaction((tx) => appendEvent(server.env, tx, event, undefined));
  await server.stop();
  assert.match((await world.command(['doctor'])).out, /^warn +clock +it was set by more than a minute at 2\d{3}-/m);
  const ahead = await world.serve('two:1');
  const env = { ...ahead.env, now: () => ahead.env.now() + 7_200 };
  await ahead.env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
  await ahead.stop();
  const { out } = await world.command(['doctor']);
  assert.match(out, /^warn +clock +the database holds instants 2\.0 h ahead of this clock: set it right/m);
});
