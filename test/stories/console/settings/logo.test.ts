import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { changeSetting } from '#flows/instance/change.ts';
import { readKnownSettings } from '#flows/instance/known.ts';
import { copyRows } from '#store/engine/copy-rows.ts';
import { readStoredSettings } from '#store/instance/settings.ts';
import { findLogo } from '#store/partners/looks.ts';
import { openTestDatabase } from '../../../databases/open.ts';
import { JPEG, png, WEBP_ALPHA } from '../../../pictures.ts';
import { plain } from '../../../story.ts';
import type { Person, World } from '../../../world.ts';
import { HOSTILE_LOGOS, logosOn, uploadLogo } from '../../look/logo-files.ts';
import { addLogo, brandOn, SERVICE } from '../../look/look-story.ts';
import { sendForm } from '../bulk/send-file.ts';
import { enterStaff, lastEvents, openConsole, read } from '../console-story.ts';
import { lineOf, openSettings, SETTINGS, secondNode, seenOn } from './settings-story.ts';

const LIGHT = `${SETTINGS}/logo-light`;
const DARK = `${SETTINGS}/logo-dark`;

const signInPage = async (world: World) => brandOn((await world.person().get('/sign-in')).text);
const stored = ({ env }: World) => env.db.read.selectFrom('logos').select('type').orderBy('type').execute();

async function logoOf(browser: Person): Promise<string> {
  return logosOn((await browser.get(LIGHT)).text)[0] ?? '';
}

test('an administrator uploads a logo for each scheme, and every page and the tab show it', async (t) => {
  const { world, robin } = await openSettings(t);
  assert.match(await lineOf(robin, 'Logo for the light scheme'), /None of its own.* Default/);
  assert.equal((await uploadLogo(robin, LIGHT, png())).location, `${SETTINGS}?done=settingSaved`);
  const [light = ''] = logosOn((await robin.get(SETTINGS)).text);
  assert.deepEqual(await signInPage(world), { ...SERVICE, logo: light }, 'it serves both schemes');
  assert.equal((await uploadLogo(robin, DARK, WEBP_ALPHA)).status, 303);
  const { text } = await robin.get(SETTINGS);
  assert.match(text, /\/assets\/look\.css\?v=/, 'each logo is on the ground of its scheme');
  const [, dark = ''] = logosOn(text);
  assert.deepEqual(await signInPage(world), { ...SERVICE, logo: light, dark });
  assert.ok((await world.person().get('/sign-in')).text.includes(`<link rel="icon" href="${light}">`));
  assert.match(await lineOf(robin, 'Logo for the dark scheme'), /Set here by Robin Weber on/);
  const visitor = world.person();
  for (const [path, type, age] of [
    [light, 'image/png', /immutable/],
    [dark, 'image/webp', /immutable/],
    ['/logo', 'image/png', /must-revalidate/],
  ] as const) {
    const { headers } = await visitor.get(path);
    assert.equal(headers.get('content-type'), type, path);
    assert.match(headers.get('cache-control') ?? '', age, path);
  }
});

test('a logo replaces the one before, and both hashes are in the audit log', async (t) => {
  const { world, robin } = await openSettings(t);
  await uploadLogo(robin, LIGHT, png());
  const first = await logoOf(robin);
  await uploadLogo(robin, LIGHT, JPEG);
  const second = await logoOf(robin);
  const [id, next] = [first, second].map((path) => path.slice('/logo/'.length));
  assert.deepEqual(
    (await lastEvents(world, 2)).map(({ action, detail }) => [action, detail]),
    [
      ['setting.changed', { setting: 'logo-light', to: id }],
      ['setting.changed', { setting: 'logo-light', from: id, to: next }],
    ],
  );
  assert.ok((await read(robin, '/console/audit?action=setting.changed')).includes(`logo-light: ${id} → ${next}`));
  assert.equal((await robin.get(first)).status, 404, 'the logo that was replaced is gone');
  const count = (await world.events()).length;
  await uploadLogo(robin, LIGHT, JPEG);
  assert.equal((await world.events()).length, count, 'the same file again changes nothing');
});

test('one file for both schemes stays until neither names it, and the default takes it away', async (t) => {
  const { world, robin } = await openSettings(t);
  await uploadLogo(robin, LIGHT, png());
  await uploadLogo(robin, DARK, png());
  const shown = await logoOf(robin);
  assert.match(await read(robin, `${DARK}/default`), /It will be: None of its own/);
  assert.equal((await robin.post(`${DARK}/default`)).status, 303);
  assert.equal((await robin.get(shown)).status, 200);
  assert.deepEqual(await signInPage(world), { ...SERVICE, logo: shown });
  await robin.get(`${LIGHT}/default`);
  assert.equal((await robin.post(`${LIGHT}/default`)).status, 303);
  assert.equal((await robin.get(shown)).status, 404);
  assert.deepEqual([await signInPage(world), await stored(world)], [SERVICE, []]);
  assert.match(await lineOf(robin, 'Logo for the light scheme'), /Default again, by Robin Weber on/);
});

test('the logo of the service and those of partners do not touch each other', async (t) => {
  const { world, partner } = await openConsole(t);
  const robin = await enterStaff(world, 'admin', 'robin@portal.example');
  await uploadLogo(robin, LIGHT, png());
  const ours = await logoOf(robin);
  const theirs = await addLogo(world, partner.id, 'light');
  assert.notEqual(ours, theirs, 'the same file has another address');
  await uploadLogo(robin, LIGHT, JPEG);
  assert.equal((await robin.get(theirs)).status, 200);
  await addLogo(world, partner.id, 'light', 40);
  assert.equal((await robin.get(await logoOf(robin))).status, 200);
});

for (const [name, file, status, words] of HOSTILE_LOGOS) {
  test(`what is refused as a logo of a partner is refused here: ${name}`, async (t) => {
    const { world, robin } = await openSettings(t);
    const answer = await uploadLogo(robin, LIGHT, file);
    assert.equal(answer.status, status);
    assert.match(plain(answer.text), words);
    if (status === 400) assert.match(answer.text, /<a href="#file">[\s\S]*id="file-error"/);
    assert.deepEqual([await stored(world), await signInPage(world)], [[], SERVICE]);
  });
}

test('a text is no logo, and no other setting takes a file', async (t) => {
  const { robin } = await openSettings(t);
  await uploadLogo(robin, LIGHT, png());
  const id = (await logoOf(robin)).slice('/logo/'.length);
  await robin.get(DARK);
  const typed = await robin.post(DARK, { value: id });
  assert.equal(typed.status, 400);
  assert.match(typed.text, /Choose a file/);
  const other = logoForm((await robin.get(DARK)).text);
  assert.equal((await sendForm(robin, `${SETTINGS}/product-name/logo`, other)).status, 404);
});

test('the file of the environment wins, and the page says so and offers no upload', async (t) => {
  const file = logoFile(t);
  const { world, robin } = await openSettings(t, { SALLYPORT_LOGO_FILE: file });
  const line = await lineOf(robin, 'Logo for the light scheme');
  assert.match(line, /Set in the environment by SALLYPORT_LOGO_FILE: can’t be changed here/);
  assert.doesNotMatch((await robin.get(SETTINGS)).text, /settings\/logo-/);
  const { text } = await robin.get(LIGHT);
  assert.match(text, /<input id="file"[^>]* disabled/);
  assert.doesNotMatch(text, /multipart/);
  const tried = await uploadLogo(robin, LIGHT, png());
  assert.equal(tried.status, 403);
  assert.match(plain(tried.text), /set in the environment and can’t be changed here/);
  assert.deepEqual(await stored(world), []);
  assert.match((await signInPage(world)).logo ?? '', /^\/logo\?v=/);
});

test('a logo that was uploaded before has no effect beside the file of the environment, and is named', async (t) => {
  const { world, robin } = await openSettings(t);
  await uploadLogo(robin, LIGHT, png());
  const node = await secondNode(t, world, { SALLYPORT_LOGO_FILE: logoFile(t) });
  const answer = await node.app.fetch(new Request('https://sign-in.example.com/sign-in'), {});
  assert.match(brandOn(await answer.text()).logo ?? '', /^\/logo\?v=/);
  const known = await readKnownSettings(node.env);
  assert.deepEqual(
    known.flatMap(({ name, source, stored: id }) => (id === undefined ? [] : [[name, source, `/logo/${id}`]])),
    [['logo-light', 'environment', await logoOf(robin)]],
  );
  const removed = await changeSetting(node.env, 'command_line', { name: 'logo-light', value: undefined });
  assert.deepEqual([removed, await stored(world)], [true, []], 'the operator can still take it away');
});

test('another node shows the logo within two seconds', async (t) => {
  const { world, robin } = await openSettings(t);
  const node = await secondNode(t, world);
  const shown = async () => {
    const answer = await node.app.fetch(new Request('https://sign-in.example.com/sign-in'), {});
    return brandOn(await answer.text()).logo;
  };
  assert.equal(await shown(), undefined);
  await uploadLogo(robin, LIGHT, png());
  world.clock.at += 2;
  assert.equal(await shown(), await logoOf(robin));
});

test('of two administrators who change the logo, the later one is told', async (t) => {
  const { world, robin } = await openSettings(t);
  const kim = await enterStaff(world, 'admin', 'kim@portal.example');
  const fields = { seen: seenOn((await kim.get(LIGHT)).text) };
  await uploadLogo(robin, LIGHT, png());
  const late = await uploadLogo(kim, LIGHT, JPEG, { fields });
  assert.equal(late.status, 403);
  assert.match(plain(late.text), /Someone else changed this setting in the meantime/);
  assert.deepEqual(await stored(world), [{ type: 'image/png' }]);
});

test('customer success managers can neither see nor upload the logo of the service', async (t) => {
  const { world, csm } = await openConsole(t);
  for (const path of [LIGHT, DARK, `${LIGHT}/default`]) assert.equal((await csm.get(path)).status, 403, path);
  const form = logoForm((await csm.get('/console/partners/new')).text);
  assert.equal((await sendForm(csm, `${LIGHT}/logo`, form)).status, 403);
  assert.deepEqual(await stored(world), []);
});

test('a backup, an export and an import carry the logo', async (t) => {
  const { world, robin } = await openSettings(t);
  await uploadLogo(robin, LIGHT, png());
  const copy = await openTestDatabase();
  t.after(() => copy.close());
  await copy.transaction((tx) => copyRows(world.env.db.read, tx));
  const id = (await readStoredSettings(copy.read)).get('logo-light') ?? '';
  assert.equal(`/logo/${id}`, await logoOf(robin));
  assert.deepEqual((await findLogo(copy.read, id))?.bytes, png());
});

/** A logo in a form of this person, from a page that does not offer it. */
function logoForm(page: string): FormData {
  const form = new FormData();
  form.append('form_token', /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '');
  form.append('file', new File([png()], 'logo.png'));
  return form;
}

/** A logo of the operator: it may be an SVG. */
function logoFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'logo-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'logo.svg');
  writeFileSync(file, '<svg xmlns="http://www.w3.org/2000/svg"/>');
  return file;
}
