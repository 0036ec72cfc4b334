import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settingsTable } from '#config.ts';
import { load, problemOf, root } from './config-story.ts';

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(root, name), content);
  return name;
}

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
  assert.equal(load({ SALLYPORT_PRODUCT_NAME: '"Portal' }).given.productName, '"Portal');
  assert.equal(load({ SALLYPORT_KEYS_FILE: `"${file('ring', 'k1:abc')}"` }).keysText, 'k1:abc');
});

test('a name behind a byte order mark or behind "export" is not passed over', () => {
  for (const before of ['\uFEFF', 'export ']) {
    assert.match(problemOf({ [`${before}SALLYPORT_LOG_LEVEL`]: 'info' }), /is not a setting: did you mean/);
  }
});

/** The variables that Kubernetes sets in every container of the namespace. */
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
    // With the name of one of our settings.
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
