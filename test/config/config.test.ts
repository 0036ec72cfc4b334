import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settingsDocument } from '#config.ts';
import { load, problemOf, root } from './config-story.ts';

test('an empty environment gives the defaults', () => {
  const config = load({ HOME: '/root', PATH: '/bin' });
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 3000);
  assert.deepEqual(config.publicUrl, { origin: 'http://localhost:3000', host: 'localhost:3000', isHttps: false });
  assert.deepEqual(config.database, { kind: 'sqlite', path: join(root, 'data/sallyport.db') });
  assert.equal(config.keysPath, join(root, 'data/keys'));
  assert.deepEqual(
    Object.values(config.given).filter((value) => value !== undefined),
    [],
  );
  assert.equal(config.trustedProxies, 0);
  assert.equal(config.totpWindow, 1);
  assert.equal(config.logLevel, 'info');
  assert.equal(config.keysText, undefined);
  assert.equal(config.logo, undefined);
});

test('the config and its parts are frozen', () => {
  const config = load({});
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.publicUrl) && Object.isFrozen(config.database));
});

test('the default public URL follows the port', () => {
  assert.equal(load({ PORT: '4711' }).publicUrl.origin, 'http://localhost:4711');
  assert.equal(load({ PORT: '80' }).publicUrl.host, 'localhost');
});

test('given values arrive parsed', () => {
  const config = load({
    HOST: '::1',
    PORT: '0',
    SALLYPORT_PUBLIC_URL: 'https://Sign-In.example.com:443/',
    SALLYPORT_DATABASE_URL: 'sqlite:/srv/x/y.db',
    SALLYPORT_KEYS: 'k1:abc',
    SALLYPORT_PRODUCT_NAME: ' Bü\u00adcher\ufeff ',
    SALLYPORT_ACCENT_HUE: '360',
    SALLYPORT_PORTAL_URL: 'https://portal.example.com/start',
    SALLYPORT_SUPPORT_CONTACT: 'help@example.com',
    SALLYPORT_TRUSTED_PROXIES: '10',
    SALLYPORT_TOTP_WINDOW: 'strict',
    SALLYPORT_LOG_LEVEL: 'trace',
    SALLYPORT_WORKERS: '1',
  });
  assert.deepEqual(config.publicUrl, {
    origin: 'https://sign-in.example.com',
    host: 'sign-in.example.com',
    isHttps: true,
  });
  assert.equal(config.port, 0);
  assert.equal(config.keysPath, '/srv/x/keys');
  assert.equal(config.keysText, 'k1:abc');
  assert.equal(config.given.productName, 'Bücher');
  assert.equal(config.totpWindow, 0);
  assert.equal(config.portalUrl, 'https://portal.example.com/start');
});

test('the portal may be a path of our own origin', () => {
  assert.equal(load({ SALLYPORT_PORTAL_URL: '/security' }).portalUrl, '/security');
});

const BAD_VALUES: readonly (readonly [string, string])[] = [
  ['HOST', 'a b'],
  ['HOST', '[::1]'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '3000.5'],
  ['PORT', '0x10'],
  ['SALLYPORT_PUBLIC_URL', 'http://sign-in.example.com'],
  ['SALLYPORT_PUBLIC_URL', 'http://localhost.example.com'],
  ['SALLYPORT_PUBLIC_URL', 'https://a.example.com/path'],
  ['SALLYPORT_PUBLIC_URL', 'https://a.example.com/?q'],
  ['SALLYPORT_PUBLIC_URL', 'https://user:secret@a.example.com'],
  ['SALLYPORT_PUBLIC_URL', 'sign-in.example.com'],
  ['SALLYPORT_PUBLIC_URL', 'ftp://a.example.com'],
  ['SALLYPORT_DATABASE_URL', './data/sallyport.db'],
  ['SALLYPORT_DATABASE_URL', 'sqlite:'],
  ['SALLYPORT_DATABASE_URL', 'sqlite::memory:'],
  ['SALLYPORT_DATABASE_URL', 'sqlite:///data/x.db'],
  ['SALLYPORT_DATABASE_URL', 'sqlite:./data/keys'],
  ['SALLYPORT_DATABASE_URL', 'mysql://secret@db/x'],
  ['SALLYPORT_PRODUCT_NAME', 'Portal: sign in'],
  ['SALLYPORT_PRODUCT_NAME', 'x'.repeat(61)],
  ['SALLYPORT_PRODUCT_NAME', 'two\nlines'],
  ['SALLYPORT_PRODUCT_NAME', 'turned \u202eround'],
  ['SALLYPORT_ACCENT_HUE', '361'],
  ['SALLYPORT_LOGO_FILE', 'missing.png'],
  ['SALLYPORT_PORTAL_URL', 'http://portal.example.com'],
  ['SALLYPORT_PORTAL_URL', '//portal.example.com'],
  ['SALLYPORT_PORTAL_URL', '/\\portal.example.com'],
  ['SALLYPORT_PORTAL_URL', 'javascript:alert(1)'],
  ['SALLYPORT_SUPPORT_CONTACT', 'x'.repeat(201)],
  ['SALLYPORT_SMTP_URL', 'http://mail.example.com'],
  ['SALLYPORT_SMTP_URL', 'smtps://mail.example.com/?pool=true'],
  ['SALLYPORT_SMTP_URL', 'smtps://user@mail.example.com'],
  ['SALLYPORT_SMTP_URL', 'smtps://user:secret%zz@mail.example.com'],
  ['SALLYPORT_MAIL_FROM', 'not an address'],
  ['SALLYPORT_TRUSTED_PROXIES', '11'],
  ['SALLYPORT_TOTP_WINDOW', 'wide'],
  ['SALLYPORT_LOG_LEVEL', 'INFO'],
  ['SALLYPORT_METRICS_PORT', '0'],
  ['SALLYPORT_WORKERS', 'many'],
  ['SALLYPORT_WORKERS', '0'],
  ['SALLYPORT_STOP_GRACE_SECONDS', '301'],
  ['SALLYPORT_AUDIT_RETENTION_DAYS', '-3'],
];

for (const [name, value] of BAD_VALUES) {
  test(`${name}=${JSON.stringify(value).slice(0, 40)} is refused in one line that names it`, () => {
    const problem = problemOf({ [name]: value });
    assert.match(problem, new RegExp(`^${name} .{15,}$`));
    assert.doesNotMatch(problem, /no effect/);
    assert.doesNotMatch(problem, /secret@/);
  });
}

test('PORT=0 needs a public URL', () => {
  assert.match(problemOf({ PORT: '0' }), /^PORT=0 needs SALLYPORT_PUBLIC_URL/);
});

test('PostgreSQL needs a key ring that every node is given', () => {
  const url = 'postgres://user:secret@db.example.com/x';
  const problem = problemOf({ SALLYPORT_DATABASE_URL: url });
  assert.match(problem, /^SALLYPORT_KEYS is needed with PostgreSQL/);
  assert.doesNotMatch(problem, /secret/);
  const { database, keysPath } = load({ SALLYPORT_DATABASE_URL: url, SALLYPORT_KEYS: 'k1:x' });
  assert.deepEqual(database, { kind: 'postgres', url });
  assert.equal(keysPath, undefined);
});

test('a PostgreSQL address without a server or a database is refused, and not repeated', () => {
  for (const url of [
    'postgres:',
    'postgres://user:secret@/x',
    'postgres://user:secret@db.example.com/',
    'postgres://',
  ]) {
    const problem = problemOf({ SALLYPORT_DATABASE_URL: url, SALLYPORT_KEYS: 'k1:x' });
    assert.match(problem, /^SALLYPORT_DATABASE_URL names no server or no database/, url);
    assert.doesNotMatch(problem, /secret/);
  }
});

test('metrics have a port of their own', () => {
  assert.equal(load({ SALLYPORT_METRICS_PORT: '9464' }).metricsPort, 9464);
  assert.match(
    problemOf({ PORT: '4000', SALLYPORT_METRICS_PORT: '4000' }),
    /^SALLYPORT_METRICS_PORT is the port of PORT/,
  );
});

test('workers and the grace of a stop are numbers with bounds', () => {
  const { workers, stopGraceSeconds } = load({ SALLYPORT_WORKERS: '4', SALLYPORT_STOP_GRACE_SECONDS: '0' });
  assert.deepEqual([workers, stopGraceSeconds], [4, 0]);
  assert.deepEqual([load({}).workers, load({}).stopGraceSeconds], [1, 7]);
});

test('a mail server is known by its address: port, TLS and credentials', () => {
  const smtp = (url: string) => load({ SALLYPORT_SMTP_URL: url, SALLYPORT_MAIL_FROM: 'a@example.com' }).smtp;
  // The EHLO name is the host of the public URL, and none is set here.
  const helo = 'localhost';
  const open = { user: undefined, password: undefined, helo };
  assert.deepEqual(smtp('smtps://a%40b:p%2Fw@mail.example.com'), {
    ...{ host: 'mail.example.com', port: 465, tls: 'implicit', user: 'a@b', password: 'p/w', helo },
  });
  assert.deepEqual(smtp('smtp://mail.example.com/'), { host: 'mail.example.com', port: 587, tls: 'starttls', ...open });
  assert.deepEqual(smtp('smtp://localhost:25'), { host: 'localhost', port: 25, tls: 'none', ...open });
  assert.deepEqual(smtp('smtp://[::1]:25'), { host: '::1', port: 25, tls: 'none', ...open });
  assert.deepEqual(smtp('smtps://localhost'), { host: 'localhost', port: 465, tls: 'implicit', ...open });
  assert.equal(smtp('smtp://localhost.example.com')?.tls, 'starttls');
});

test('the name that greets a mail server is a name or an address in brackets, and asks for a mail server', () => {
  const mail = { SALLYPORT_SMTP_URL: 'smtp://localhost', SALLYPORT_MAIL_FROM: 'a@example.com' };
  assert.equal(load({ ...mail, SALLYPORT_SMTP_HELO: 'mail.example.com' }).smtp?.helo, 'mail.example.com');
  assert.equal(load({ ...mail, SALLYPORT_SMTP_HELO: '[2001:db8::1]' }).smtp?.helo, '[IPv6:2001:db8::1]');
  for (const helo of ['mail example', '192.0.2.1', '[mail.example.com]', 'a\r\nMAIL FROM:<x>']) {
    assert.match(problemOf({ ...mail, SALLYPORT_SMTP_HELO: helo }), /^SALLYPORT_SMTP_HELO /, helo);
  }
  assert.match(problemOf({ SALLYPORT_SMTP_HELO: 'mail.example.com' }), /SALLYPORT_SMTP_URL names none/);
});

test('a sender is an address, with a name or without', () => {
  const from = (text: string) => load({ SALLYPORT_SMTP_URL: 'smtp://localhost', SALLYPORT_MAIL_FROM: text }).mailFrom;
  assert.deepEqual(from('a@example.com'), { name: '', address: 'a@example.com' });
  assert.deepEqual(from('Portal, Inc. <a@example.com>'), { name: 'Portal, Inc.', address: 'a@example.com' });
  assert.deepEqual(from('"Portal" <a@example.com>'), { name: 'Portal', address: 'a@example.com' });
});

test('a mail server without a sender, or the reverse, stops the start', () => {
  for (const [name, value] of [
    ['SALLYPORT_SMTP_URL', 'smtps://user:secret@mail.example.com'],
    ['SALLYPORT_MAIL_FROM', 'a@example.com'],
  ] as const) {
    assert.match(problemOf({ [name]: value }), /^SALLYPORT_SMTP_URL and SALLYPORT_MAIL_FROM are needed together/);
  }
});

test('docs/settings.md is what the settings print', () => {
  const path = new URL('../../docs/settings.md', import.meta.url);
  const remedy =
    'node -e "import(\'#config.ts\').then(c => process.stdout.write(c.settingsDocument()))" > docs/settings.md';
  assert.equal(readFileSync(path, 'utf8'), settingsDocument(), `docs/settings.md is old; print it with: ${remedy}`);
});
