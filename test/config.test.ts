import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Config, loadConfig, settingsDocument, settingsTable } from '#config.ts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
after(() => rmSync(root, { recursive: true }));

function load(environment: Record<string, string>): Config {
  const config = loadConfig(environment, { root });
  if ('problem' in config) assert.fail(config.problem);
  return config;
}

function problemOf(environment: Record<string, string>): string {
  const config = loadConfig(environment, { root });
  assert.ok('problem' in config, `${JSON.stringify(environment)} is accepted`);
  return config.problem;
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(root, name), content);
  return name;
}

test('an empty environment gives the defaults', () => {
  const config = load({ HOME: '/root', PATH: '/bin' });
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 3000);
  assert.deepEqual(config.publicUrl, { origin: 'http://localhost:3000', host: 'localhost:3000', isHttps: false });
  assert.deepEqual(config.database, { kind: 'sqlite', path: join(root, 'data/sallyport.db') });
  assert.equal(config.keysPath, join(root, 'data/keys'));
  assert.equal(config.productName, 'Partner Interface');
  assert.equal(config.accentHue, 262);
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
  assert.equal(config.productName, 'Bücher');
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
  // The name that greets it is the host of the public URL: here nothing is set.
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

test('an unknown name is refused with the one that was meant', () => {
  assert.match(problemOf({ SALLYPORT_PUBLC_URL: 'x' }), /^SALLYPORT_PUBLC_URL .* did you mean SALLYPORT_PUBLIC_URL\?$/);
  assert.match(problemOf({ SALLYPORT_PROUDCT_NAM: 'x' }), /did you mean SALLYPORT_PRODUCT_NAME\?$/);
  assert.match(problemOf({ SALLYPORT_KEY: 'x' }), /did you mean SALLYPORT_KEYS\?$/);
  assert.match(problemOf({ sallyport_log_level: 'info' }), /did you mean SALLYPORT_LOG_LEVEL\?$/);
  assert.match(problemOf({ SALLYPORT_FLUX_CAPACITOR: 'x' }), /docs\/settings\.md/);
  assert.match(problemOf({ SALLYPORT_PORTAL_URL_FILE: 'x' }), /only secrets are read from files/);
  assert.doesNotMatch(problemOf({ 'SALLYPORT_A\nB': 'x' }), /\n/);
});

test('what is empty is not set, for every setting, and a file in its place counts', () => {
  const names = settingsTable({}).map(({ name }) => name);
  assert(names.length > 20);
  for (const empty of ['', ' ', '""', "''", '\r']) {
    assert.deepEqual(load(Object.fromEntries(names.map((name) => [name, empty]))), load({}));
    assert(settingsTable({ SALLYPORT_SMTP_URL: empty }).every(({ source }) => source === 'default'));
    assert.equal(load({ SALLYPORT_KEYS: empty, SALLYPORT_KEYS_FILE: file('ring', 'k1:abc') }).keysText, 'k1:abc');
  }
  assert.match(problemOf({ SALLYPORT_PUBLC_URL: '' }), /did you mean SALLYPORT_PUBLIC_URL\?$/);
});

test('the quotes and carriage returns of an env file are no part of a value', () => {
  const from = (text: string) => load({ SALLYPORT_SMTP_URL: "'smtp://localhost'", SALLYPORT_MAIL_FROM: text }).mailFrom;
  assert.deepEqual(from('"Portal <a@example.com>"\r'), { name: 'Portal', address: 'a@example.com' });
  assert.deepEqual(from('"Portal" <a@example.com>'), { name: 'Portal', address: 'a@example.com' });
  assert.equal(load({ PORT: '"4000"' }).port, 4000);
  assert.equal(load({ SALLYPORT_PRODUCT_NAME: '"Portal' }).productName, '"Portal');
  assert.equal(load({ SALLYPORT_KEYS_FILE: `"${file('ring', 'k1:abc')}"` }).keysText, 'k1:abc');
});

test('a name behind a byte order mark or behind "export" is not passed over', () => {
  for (const before of ['\uFEFF', 'export ']) {
    assert.match(problemOf({ [`${before}SALLYPORT_LOG_LEVEL`]: 'info' }), /is not a setting: did you mean/);
  }
});

/** As Kubernetes writes them into every container of the namespace. */
function serviceLinks(service: string, port: number, name?: string): Record<string, string> {
  const own = `${service}_PORT_${port}_TCP`;
  return {
    [`${service}_SERVICE_HOST`]: '10.96.0.12',
    [`${service}_SERVICE_PORT`]: `${port}`,
    ...(name !== undefined && { [`${service}_SERVICE_PORT_${name}`]: `${port}` }),
    ...{ [`${service}_PORT`]: `tcp://10.96.0.12:${port}`, [own]: `tcp://10.96.0.12:${port}` },
    ...{ [`${own}_PROTO`]: 'tcp', [`${own}_PORT`]: `${port}`, [`${own}_ADDR`]: '10.96.0.12' },
  };
}

test('the variables that Kubernetes sets for services of our name are known and passed over', () => {
  const links = {
    ...serviceLinks('SALLYPORT', 3000, 'HTTP'),
    ...serviceLinks('SALLYPORT_POSTGRES', 5432),
    // Under the name of a setting of ours.
    ...serviceLinks('SALLYPORT_METRICS', 9464, 'METRICS'),
    ...{ SALLYPORT_V6_SERVICE_HOST: 'fd00::12', SALLYPORT_V6_PORT: 'udp://[fd00::12]:53' },
  };
  assert.deepEqual(load(links), load({}));
  assert.deepEqual(settingsTable(links), settingsTable({}));
  assert.equal(load({ ...links, SALLYPORT_METRICS_PORT: '9000' }).metricsPort, 9000);
});

test('the variables of a link of Docker are passed over', () => {
  const links = { SALLYPORT_NAME: '/web/sallyport', SALLYPORT_DB_NAME: '/web/db', SALLYPORT_ENV_NODE_VERSION: '24' };
  assert.deepEqual(load(links), load({}));
});

test('what only looks like a service of our name is refused', () => {
  assert.match(problemOf({ SALLYPORT_PORT: '3001' }), /^SALLYPORT_PORT is not a setting: did you mean PORT\?$/);
  assert.match(problemOf({ SALLYPORT_HOST: '0.0.0.0' }), /did you mean HOST\?$/);
  assert.match(problemOf({ SALLYPORT_PRODUKT_NAME: 'Portal' }), /did you mean SALLYPORT_PRODUCT_NAME\?$/);
  assert.match(problemOf({ SALLYPORT_METRIC_PORT: '9464' }), /did you mean SALLYPORT_METRICS_PORT\?$/);
  assert.match(problemOf({ SALLYPORT_SERVICE_PORT: 'https' }), /is not a setting/);
});

test('a secret in a file is the same with a byte order mark, and in UTF-16 as PowerShell writes it', () => {
  for (const bytes of [Buffer.from('\uFEFFk1:abc\r\n'), Buffer.from('\uFEFFk1:abc\r\n', 'utf16le')]) {
    assert.equal(load({ SALLYPORT_KEYS_FILE: file('ring', bytes) }).keysText, 'k1:abc');
  }
  const latin = file('ring', Buffer.from('smtp://u:caf\xe9@localhost', 'latin1'));
  assert.match(
    problemOf({ SALLYPORT_SMTP_URL_FILE: latin }),
    /^SALLYPORT_SMTP_URL_FILE names a file that is not UTF-8/,
  );
});

test('a secret is read from the file of NAME_FILE without its line end', () => {
  assert.equal(load({ SALLYPORT_KEYS_FILE: file('ring', 'k1:abc\n') }).keysText, 'k1:abc');
  const { database } = load({ SALLYPORT_DATABASE_URL_FILE: file('url', 'sqlite:./x.db\r\n') });
  assert.deepEqual(database, { kind: 'sqlite', path: join(root, 'x.db') });
});

test('a secret given twice, in an absent file or on two lines is refused', () => {
  const ring = file('ring', 'k1:abc\n');
  assert.match(problemOf({ SALLYPORT_KEYS: 'k1:abc', SALLYPORT_KEYS_FILE: ring }), /are both given: remove one/);
  assert.match(problemOf({ SALLYPORT_KEYS_FILE: 'absent' }), /^SALLYPORT_KEYS_FILE names a file that cannot be read/);
  assert.match(problemOf({ SALLYPORT_KEYS_FILE: file('two', 'k1:a\nk2:b\n') }), /one line/);
  assert.match(problemOf({ SALLYPORT_KEYS_FILE: file('none', '\n') }), /is empty/);
  assert.match(problemOf({ SALLYPORT_KEYS_FILE: file('huge', 'x'.repeat(70_000)) }), /more than 64 KiB/);
});

test('a logo is known by its content', () => {
  const type = (name: string, content: string | Uint8Array) =>
    load({ SALLYPORT_LOGO_FILE: file(name, content) }).logo?.type;
  assert.equal(type('a.gif', Buffer.from('89504e470d0a1a0a00', 'hex')), 'image/png');
  assert.equal(type('b', Buffer.from('ffd8ffe000', 'hex')), 'image/jpeg');
  assert.equal(type('c', 'RIFF\x01\x02\x03\x04WEBPVP8 '), 'image/webp');
  const svg = '\uFEFF<?xml version="1.0"?>\n<!-- logo -->\n<!DOCTYPE svg>\n<svg xmlns="http://www.w3.org/2000/svg"/>';
  assert.equal(type('d', svg), 'image/svg+xml');
  assert.equal(load({ SALLYPORT_LOGO_FILE: file('d', svg) }).logo?.bytes.toString(), svg);
});

test('a logo that is a page, a fragment or too large is refused', () => {
  assert.match(problemOf({ SALLYPORT_LOGO_FILE: file('e.svg', '<html><svg></svg></html>') }), /no PNG, SVG/);
  assert.match(problemOf({ SALLYPORT_LOGO_FILE: file('f.png', 'GIF89a') }), /no PNG, SVG/);
  assert.match(problemOf({ SALLYPORT_LOGO_FILE: file('g.svg', `<svg>${' '.repeat(256 * 1024)}`) }), /256 KiB/);
});

test('the table names every source and shows no secret', () => {
  const rows = settingsTable({
    PORT: '4000',
    SALLYPORT_KEYS: 'k1:topsecret',
    SALLYPORT_DATABASE_URL_FILE: '/run/topsecret',
  });
  const row = (name: string) => rows.find((each) => each.name === name);
  assert.deepEqual(row('PORT'), { name: 'PORT', value: '4000', source: 'environment' });
  assert.equal(row('SALLYPORT_PUBLIC_URL')?.value, 'http://localhost:4000');
  assert.equal(row('SALLYPORT_KEYS')?.source, 'environment');
  assert.equal(row('SALLYPORT_DATABASE_URL')?.source, 'file');
  assert.equal(row('SALLYPORT_LOG_LEVEL')?.source, 'default');
  assert.doesNotMatch(JSON.stringify(rows), /topsecret/);
  assert.doesNotMatch(
    JSON.stringify(settingsTable({ SALLYPORT_DATABASE_URL: 'postgres://a:topsecret@b/c' })),
    /topsec/,
  );
});

test('docs/settings.md is what the settings print', () => {
  const path = new URL('../docs/settings.md', import.meta.url);
  const remedy =
    'node -e "import(\'#config.ts\').then(c => process.stdout.write(c.settingsDocument()))" > docs/settings.md';
  assert.equal(readFileSync(path, 'utf8'), settingsDocument(), `docs/settings.md is old; print it with: ${remedy}`);
});
