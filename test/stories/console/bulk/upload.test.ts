import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { workOff } from '#flows/bulk/work.ts';
import { addPartners, policiesOf } from '../../../flows/bulk-story.ts';
import { plain } from '../../../story.ts';
import { ORIGIN, type Person } from '../../../world.ts';
import { openConsole, read } from '../console-story.ts';
import { sendFile, sendForm } from './send-file.ts';

const UPLOAD = '/console/bulk/upload';

async function open(t: TestContext) {
  const { world, csm } = await openConsole(t);
  await addPartners(world, 3);
  return { world, csm };
}

const upload = (browser: Person, file: string | Buffer, fields: Record<string, string> = {}) =>
  sendFile(browser, UPLOAD, file, fields);

test('a file as Excel saves it is checked, previewed and changes each partner as its row says', async (t) => {
  const { world, csm } = await open(t);
  const file = '\ufeffSlug;Policy;From\r\np1;required;1.3.2027\r\n"p2";Optional;\r\np3;required;\r\n';
  const { status, location: start = '' } = await upload(csm, file);
  assert.equal(status, 303);
  const page = await read(csm, start);
  assert.match(page, /Change 3 partners/);
  assert.match(page, /Partner 1 Off MFA required from March 1, 2027/);
  assert.match(page, /Partner 2 Off MFA optional/);
  assert.match(page, /Partner 3 Off MFA required now/);
  await csm.post(start, { reason: 'as agreed' });
  await workOff(world.env);
  assert.deepEqual(await policiesOf(world), ['optional', 'required', 'optional', 'required']);
});

test('rows that cannot be done are listed with their lines, and nothing is prepared', async (t) => {
  const { world, csm } = await open(t);
  const rows = [
    'p1,required,2027-03-01',
    'p1,off,',
    'nobody,off,',
    'p2,maybe,',
    'p3,required,4/5/2026',
    'p3,off,2027-03-01',
    '?,off,',
    'p3,required,March 1, 2027',
    'p3,off,,,',
  ];
  const { status, text } = await upload(csm, ['slug,policy,from', ...rows].join('\n'));
  assert.equal(status, 400);
  const page = plain(text);
  assert.match(page, /7 rows of 9 can’t be processed/);
  assert.match(page, /3 This row repeats an earlier one/);
  assert.match(page, /4 This partner doesn’t exist/);
  assert.match(page, /5 The policy must be off, optional or required/);
  assert.match(page, /6 The date must be in the future/);
  assert.match(page, /7 Only “required” takes a date/);
  assert.match(page, /8 This isn’t the short name/);
  assert.match(page, /9 This row has more cells than the first row/);
  assert.deepEqual(await world.env.db.read.selectFrom('bulk_jobs').select('id').execute(), []);
});

test('pasted rows work like a file', async (t) => {
  const { csm } = await open(t);
  const { location: start = '' } = await upload(csm, '', { csv: 'slug\tpolicy\np1\toptional\n' });
  assert.match(await read(csm, start), /Partner 1 Off MFA optional/);
  const { location: german = '' } = await upload(csm, '', { csv: 'Kürzel;Richtlinie;MFA Pflicht ab\np1;optional;\n' });
  assert.match(await read(csm, german), /Partner 1 Off MFA optional/);
});

test('Latin-1, an open quotation mark, other columns and an empty file are refused in words', async (t) => {
  const { csm } = await open(t);
  const latin = await upload(csm, Buffer.from('slug,policy,from\nmüller,off,\n', 'latin1'));
  assert.equal(latin.status, 400);
  assert.match(plain(latin.text), /Line 2: This file is not UTF-8\. In Excel, save it as “CSV UTF-8”/);
  assert.match(plain((await upload(csm, 'slug,policy\np1,"off\n')).text), /Line 2: A quotation mark is not closed/);
  assert.match(plain((await upload(csm, 'name,kind\na,b\n')).text), /The first row must name the columns/);
  assert.match(plain((await upload(csm, 'slug,policy\np1,\0\n')).text), /Line 2: This isn’t a text file/);
  assert.match(
    plain((await upload(csm, 'slug,short name,policy\na,b,off\n')).text),
    /Two columns in the first row mean the same/,
  );
  assert.match(plain((await upload(csm, '')).text), /The file has no rows/);
  assert.match(plain((await upload(csm, 'slug,policy\n')).text), /The file has no rows/);
});

test('a file beyond the limit is refused, and so is a large one of somebody who may not send it', async (t) => {
  const { world, csm } = await open(t);
  const rows = `slug,policy,from\n${'p1,optional,\n'.repeat(6_000)}`;
  assert.equal((await upload(csm, rows)).status, 400, 'more than a form of 64 KiB is read');
  assert.equal((await upload(csm, 'x'.repeat(1_200_000))).status, 413);
  const stranger = world.person('192.0.2.66');
  await stranger.get('/help');
  const body = new FormData();
  body.append('file', new File(['x'.repeat(200_000)], 'partners.csv'));
  const sent = await sendForm(stranger, UPLOAD, body);
  assert.notEqual(sent.status, 303);
  assert.ok(sent.status >= 400, String(sent.status));
});

test('a form with too many parts, a name twice or without a boundary is refused', async (t) => {
  const { csm } = await open(t);
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`field${index}`, 'x']));
  assert.equal((await upload(csm, 'slug,policy\np1,off\n', many)).status, 400);
  const bare = { method: 'POST', body: 'x', headers: { origin: ORIGIN, 'content-type': 'multipart/form-data' } };
  assert.equal((await csm.send(UPLOAD, bare)).status, 415);
  const broken = { ...bare, headers: { ...bare.headers, 'content-type': 'multipart/form-data; boundary=x' } };
  assert.equal((await csm.send(UPLOAD, broken)).status, 400);
});

test('of a large file that a stranger sends, no more is read than of any form', async (t) => {
  const { world } = await open(t);
  let pieces = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pieces += 1;
      if (pieces > 100) controller.close();
      else controller.enqueue(new Uint8Array(16 * 1024));
    },
  });
  const headers = { origin: ORIGIN, 'content-type': 'multipart/form-data; boundary=x' };
  const init = { method: 'POST', body, headers, duplex: 'half' as const };
  const { status } = await world.person('192.0.2.67').send(UPLOAD, init);
  assert.equal(status, 401);
  assert.ok(pieces < 10, `${pieces} pieces of 16 KiB were read`);
});
