import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = 'node_modules/@simplewebauthn/browser';

test('the script of the WebAuthn library in public/ is the one of the installed package, byte for byte', () => {
  const served = readFileSync(`${ROOT}/public/simplewebauthn.js`);
  const own = readFileSync(`${ROOT}/${PACKAGE}/dist/bundle/index.umd.min.js`);
  assert.ok(served.equals(own), `copy ${PACKAGE}/dist/bundle/index.umd.min.js to public/simplewebauthn.js`);
  const { version } = JSON.parse(readFileSync(`${ROOT}/${PACKAGE}/package.json`, 'utf8'));
  assert.ok(served.toString().includes(`@simplewebauthn/browser@${version}`));
});

test('the notices of the package name it with its licence', async () => {
  const { noticesFor } = await import(`${ROOT}/bin/notices.mjs`);
  const notices: string = noticesFor([`${ROOT}/${PACKAGE}/package.json`], ROOT);
  assert.match(notices, /^@simplewebauthn\/browser \d+\.\d+\.\d+\nLicence: MIT$/m);
  assert.match(notices, /Permission is hereby granted/);
  assert.match(
    readFileSync(`${ROOT}/bin/build.mjs`, 'utf8'),
    /VENDORED = \[join\(ROOT, '[^']*@simplewebauthn\/browser/,
  );
});
