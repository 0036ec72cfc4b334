import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '#config.ts';
import { openEnv } from '#env.ts';
import { newDatabaseSettings } from '../databases/open.ts';
import { JPEG, png, WEBP_ALPHA } from '../pictures.ts';
import { readEvents } from '../world.ts';
import { assertRefused, openFolder, runHere } from './command-line.ts';

const NOTHING = { name: null, hue: null, help: null, logo: { light: null, dark: null } };
const HELP = { text: 'IT desk, extension 4711', href: 'https://acme.example/help' };

/** A database with one partner, and a way to write files beside it. */
async function open(t: TestContext) {
  const { folder } = openFolder(t);
  const environment = { ...(await newDatabaseSettings(folder)), SALLYPORT_PUBLIC_URL: 'https://sign-in.example.com' };
  const config = loadConfig(environment, { root: folder });
  assert(!('problem' in config));
  const env = await openEnv({ ...config, logLevel: 'error' }, { create: true });
  t.after(() => env.db.close());
  const run = (...args: readonly string[]) => runHere(args, environment);
  const look = (...args: readonly string[]) => run('partner', 'look', 'acme', ...args);
  const json = async (...args: readonly string[]) => {
    const { code, out, err } = await look(...args, '--json');
    assert.equal(code, 0, err);
    return JSON.parse(out);
  };
  const file = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const logos = async () => (await env.db.read.selectFrom('logos').select('type').orderBy('type').execute()).length;
  const events = async () => {
    const all = (await readEvents(env)).filter(({ action }) => action === 'partner.look_changed');
    return all.map(({ actor, detail }) => [actor, detail.parts]);
  };
  assert.equal((await run('partner', 'add', 'Acme Telecom', '--slug', 'acme')).code, 0);
  return { run, look, json, file, logos, events };
}

test('the look of a partner is shown, and only the parts that are given change', async (t) => {
  const { look, json, file, logos, events } = await open(t);
  assert.deepEqual(await json(), NOTHING);
  assert.match((await look()).out, /^Acme Telecom: name that of the service; hue that of the service; help line that/);
  const typed = ['--name', 'Acme Access', '--hue', '25', '--help-line', HELP.text, '--help-link', HELP.href];
  assert.deepEqual(await json(...typed), { ...NOTHING, name: 'Acme Access', hue: 25, help: HELP });
  assert.deepEqual(await json('--hue', '0'), { ...NOTHING, name: 'Acme Access', hue: 0, help: HELP });
  const { logo } = await json('--logo', file('l.png', png()), '--logo-dark', file('d.webp', WEBP_ALPHA));
  for (const one of [logo.light, logo.dark]) assert.match(one, /^https:\/\/sign-in\.example\.com\/logo\/[\w-]{16}$/);
  const swapped = await json('--logo', file('l.jpg', JPEG), '--remove', 'logo-dark', '--remove', 'help-line');
  assert.deepEqual([swapped.name, swapped.help, swapped.logo.dark, await logos()], ['Acme Access', null, null, 1]);
  assert.notEqual(swapped.logo.light, logo.light);
  assert.deepEqual(await json('--name', 'Acme Access'), swapped, 'nothing changed, nothing logged');
  assert.deepEqual(await json('--remove', 'name', '--remove', 'hue', '--remove', 'logo'), NOTHING);
  assert.equal(await logos(), 0);
  assert.deepEqual(await events(), [
    ['command_line', ['name', 'hue', 'help']],
    ['command_line', ['hue']],
    ['command_line', ['logo_light', 'logo_dark']],
    ['command_line', ['help', 'logo_light', 'logo_dark']],
    ['command_line', ['name', 'hue', 'logo_light']],
  ]);
});

test('a hue comes with its contrast in both schemes, as in the console', async (t) => {
  const { look } = await open(t);
  const { out } = await look('--hue', '145', '--help-line', 'IT desk', '--help-link', 'mailto:it@acme.example');
  assert.match(out, /hue 145; help line IT desk \(mailto:it@acme\.example\)\.\n/);
  for (const scheme of ['light', 'dark']) {
    const line = new RegExp(
      `\nContrast, ${scheme}: text on buttons (\\d+\\.\\d) : 1, links (\\d+\\.\\d) : 1; readable`,
    );
    const [, button, link] = line.exec(out) ?? [];
    assert.ok(Number(button) >= 4.5 && Number(link) >= 4.5, out);
  }
});

test('what the console refuses, the command refuses: every fault in one line, and nothing is changed', async (t) => {
  const { run, look, json, file, events } = await open(t);
  const all = await look('--name', 'x'.repeat(61), '--hue', '361', '--help-link', 'javascript:alert(1)');
  assertRefused(all, 1, /1 to 60 characters.*; the hue is a whole number.*; the help line is one line.*; the link is/);
  const svg = file('l.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  for (const [path, line] of [
    [svg, /PNG, JPEG or WebP/],
    [file('dot.png', png({ width: 1, height: 1 })), /16 to 2000 pixels/],
    [file('half.jpg', JPEG.subarray(0, 400)), /damaged/],
    [file('big.png', Buffer.concat([png(), Buffer.alloc(256 * 1024)])), /256 KiB/],
    [`${svg}.gone`, /there is no file/],
  ] as const) {
    assertRefused(await look('--hue', '20', '--logo', path), 1, line);
  }
  assertRefused(await look('--hue', '20', '--help-link', 'https://acme.example'), 1, /a link needs one/);
  assertRefused(await run('partner', 'look', 'nobody'), 1, /there is no such partner/);
  assert.deepEqual([await json(), await events()], [NOTHING, []]);
});

test('what contradicts itself is wrong usage', async (t) => {
  const { look } = await open(t);
  assertRefused(await look('--name', 'A', '--remove', 'name'), 2, /contradict/);
  assertRefused(await look('--logo', 'l.png', '--remove', 'logo'), 2, /contradict/);
  assertRefused(await look('--remove', 'css'), 2, /--remove takes one of name, hue/);
  assertRefused(await look('--name', ' '), 2, /--remove name takes it away/);
});
