import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../story.ts';
import type { Person, World } from '../../world.ts';
import { read } from '../console/console-story.ts';
import { enterManager, openTeam, rowsOfPerson } from './team-story.ts';

const HOUR = 60 * 60;

/** Pastes a list and returns the page that shows what was read. */
async function paste(mia: Person, pasted: string, role = 'member'): Promise<string> {
  const { status, location = '' } = await mia.post('/team/invite-many', { pasted, role });
  assert.equal(status, 303);
  assert.match(location, /^\/team\/invite-many\/[\w-]{36}$/);
  return location;
}

/** The invitations, and the mails to people who have access elsewhere. */
async function sentTo(world: World): Promise<string[]> {
  const invited = (await world.mail()).filter(({ kind }) => kind.startsWith('invit'));
  return invited.map(({ kind, to }) => `${kind} ${to}`).toSorted();
}

const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `p${from + index}@acme.example`).join('\n');

test('a pasted list shows every fault by its line, invites the others, and loses nothing', async (t) => {
  const { world, ana, mia } = await openTeam(t);
  const pasted = `Bo Lind <bo@acme.example>, nobody\n"Lund, Cy" <cy@acme.example>\n${ana.email}; BO@acme.example`;
  const path = await paste(mia, pasted, 'manager');
  const before = await read(mia, path);
  assert.match(before, /2 entries can’t be invited/);
  assert.match(before, /Line 1: nobody – not a valid email address Line 3: BO@acme\.example – already in line 1/);
  assert.match(before, /Bo Lind bo@acme\.example Ready to invite/);
  assert.match(before, /Lund, Cy cy@acme\.example Ready to invite/);
  assert.match(before, /Ana Silva ana@acme\.example Already on your list/);
  assert.deepEqual(await sentTo(world), [], 'nobody is invited before it is confirmed');
  const mend = `/team/invite-many?list=${path.split('/').at(-1)}`;
  assert.ok((await mia.get(path)).text.includes(`<a href="${mend}#pasted">Line 3:</a>`));
  const mending = await read(mia, mend);
  assert.match(
    mending,
    /2 entries can’t be invited Line 1: nobody – not a valid email address/,
    'said again where it is mended',
  );
  assert.match(mending, /&quot;Lund, Cy&quot; &lt;cy@acme\.example&gt;/);
  assert.equal((await mia.post(path)).location, `${path}?done=invitedMany`);
  const after = await read(mia, `${path}?done=invitedMany`);
  assert.match(after, /The invitations will be sent once.*Bo Lind bo@acme\.example Invited/);
  assert.match(after, /ana@acme\.example Already on your list/);
  assert.deepEqual(await sentTo(world), ['invitation bo@acme.example', 'invitation cy@acme.example']);
  assert.match(await read(mia, '/team?state=invited'), /Lund, Cy cy@acme\.example Invited Manager/);
  await mia.post(path);
  assert.equal((await sentTo(world)).length, 2, 'sent again, it mails nobody twice');
});

test('C12 an address of another partner on a pasted list looks like any other, before and after', async (t) => {
  const { world, nora, mia } = await openTeam(t);
  const before = await rowsOfPerson(world, nora.id);
  const path = await paste(mia, `fresh@acme.example\n${nora.email}`);
  const likeFresh = (text: string) => text.replaceAll(nora.email, 'X').replaceAll('fresh@acme.example', 'X');
  const rows = async (where: string) => {
    const text = (await read(mia, where)).replaceAll('fresh X', 'nora X');
    return [...likeFresh(text).matchAll(/(?:fresh|nora) X (\D+?)\d/g)].map(([, state]) => state);
  };
  for (const page of [path, `${path}?done=invitedMany`]) {
    const [one, other] = await rows(page);
    assert.ok(one);
    assert.equal(one.trim().split(' ')[0], other?.trim().split(' ')[0]);
    if (page === path) await mia.post(path);
  }
  assert.deepEqual(await sentTo(world), ['invitation fresh@acme.example', `invited_again ${nora.email}`]);
  assert.equal(await rowsOfPerson(world, nora.id), before);
  await mia.post(path);
  assert.equal((await sentTo(world)).length, 2);
  const again = await read(mia, await paste(mia, nora.email));
  assert.match(again, /nora@nordlicht\.example (?:Invited|Already on your list)/);
});

test('the limit of an hour holds for a list, the page says it, and the rest waits on it', async (t) => {
  const { world, mia } = await openTeam(t);
  assert.match(await read(mia, '/team/invite-many'), /60 invitations an hour/);
  const path = await paste(mia, many(70));
  const before = await read(mia, path);
  assert.match(before, /Invite 60 people.*10 people must wait because of the hourly limit/);
  await mia.post(path);
  assert.equal((await sentTo(world)).length, 60);
  const during = await mia.get(path);
  assert.match(plain(during.text), /60 invitations an hour, 0 left now You can send the next one in/);
  assert.doesNotMatch(during.text, /<button[^>]*>Invite/);
  await mia.post(path);
  assert.equal((await sentTo(world)).length, 60);
  world.clock.at += HOUR + 60;
  const { browser } = await enterManager(world, (await partnerOf(world)).id, 'ole@acme.example');
  assert.equal((await browser.get(path)).status, 404, 'a list belongs to its manager');
});

test('the limit of an hour holds for two lists that a manager sends at once', async (t) => {
  const { world, mia } = await openTeam(t);
  const paths = [await paste(mia, many(40)), await paste(mia, many(40, 40))];
  const sent = await Promise.all(paths.map((path) => mia.post(path)));
  assert.deepEqual(
    sent.map(({ status }) => status),
    [303, 303],
  );
  assert.equal((await sentTo(world)).length, 60);
});

async function partnerOf({ env }: World) {
  return env.db.read.selectFrom('partners').select('id').where('slug', '=', 'acme').executeTakeFirstOrThrow();
}

test('the rest of a list is invited when the hour has room again', async (t) => {
  const { world, manager, mia } = await openTeam(t);
  const path = await paste(mia, many(65));
  await mia.post(path);
  world.clock.at += HOUR + 60;
  await mia.signIn(manager.email);
  await mia.post('/sign-in/one-time-code', { code: world.totp(manager.secret) });
  assert.match(await read(mia, path), /Invite 5 people/);
  await mia.post(path);
  assert.equal(new Set(await sentTo(world)).size, 65);
});

test('a list that is empty or too long is refused with what was pasted, and so is no list', async (t) => {
  const { mia } = await openTeam(t);
  const empty = await mia.post('/team/invite-many', { pasted: ' \n ,; ', role: 'manager' });
  assert.equal(empty.status, 400);
  assert.match(plain(empty.text), /Paste at least one email address/);
  const long = await mia.post('/team/invite-many', { pasted: many(201), role: 'member' });
  assert.equal(long.status, 400);
  assert.match(plain(long.text), /Paste at most 200 addresses at a time/);
  assert.match(long.text, /p200@acme\.example/);
  assert.equal((await mia.get('/team/invite-many/nothing')).status, 404);
  assert.equal((await mia.post('/team/invite-many/nothing')).status, 404);
});

test('a list of too much text comes back whole in its form, with the limit that the page names', async (t) => {
  const { mia } = await openTeam(t);
  assert.match(await read(mia, '/team/invite-many'), /At most 200 addresses and 48 KB of text at a time/);
  const pasted = `${'Ægir & Søn <ægir@acme.example>\n'.repeat(8_000)}the last line`;
  for (const long of [pasted.slice(-49_200), pasted]) {
    const { status, text } = await mia.post('/team/invite-many', { pasted: long, role: 'manager' });
    assert.equal(status, 400, `${Buffer.byteLength(long)} bytes`);
    assert.match(plain(text), /Paste at most 48 KB of text at a time/);
    const [, shown = ''] = /<textarea[^>]*>\n([^<]*)<\/textarea>/.exec(text) ?? [];
    assert.equal(unescaped(shown), long);
    assert.match(text, /<option value="manager" selected>/);
  }
  const beyond = await mia.post('/team/invite-many', { pasted: 'x'.repeat(1_100_000), role: 'member' });
  assert.equal(beyond.status, 413);
});

const unescaped = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

test('a pasted list whose form was stale is still in it', async (t) => {
  const { mia } = await openTeam(t);
  await mia.get('/team/invite-many');
  const stale = { pasted: 'bo@acme.example\nnobody', role: 'manager', form_token: 'stale' };
  const { status, text } = await mia.post('/team/invite-many', stale);
  assert.equal(status, 403);
  assert.match(text, /bo@acme\.example\nnobody<\/textarea>/);
  assert.match(text, /<option value="manager" selected>/);
});

test('a list belongs to its manager alone, for a day, and a manager has five', async (t) => {
  const { world, partner, elsewhere, manager, mia } = await openTeam(t);
  const first = await paste(mia, 'zoe@acme.example');
  for (const [home, email] of [
    [partner.id, 'ole@acme.example'],
    [elsewhere.id, 'pia@nordlicht.example'],
  ] as const) {
    const { browser } = await enterManager(world, home, email);
    assert.equal((await browser.get(first)).status, 404);
    assert.equal((await browser.post(first)).status, 404);
    assert.doesNotMatch((await browser.get(`/team/invite-many?list=${first.split('/').at(-1)}`)).text, /zoe@acme/);
  }
  for (let number = 0; number < 5; number++) await paste(mia, `q${number}@acme.example`);
  assert.equal((await mia.get(first)).status, 404);
  const kept = await paste(mia, 'bo@acme.example');
  world.clock.at += 24 * HOUR;
  await mia.signIn(manager.email);
  await mia.post('/sign-in/one-time-code', { code: world.totp(manager.secret) });
  assert.equal((await mia.get(kept)).status, 404);
  assert.deepEqual(await sentTo(world), []);
});

test('two managers who invite the same people at once send one invitation each', async (t) => {
  const { world, partner, nora, mia } = await openTeam(t);
  const other = await enterManager(world, partner.id, 'ole@acme.example');
  const text = `${many(8)}\n${nora.email}`;
  const [one, two] = [await paste(mia, text), await paste(other.browser, text)];
  const sent = await Promise.all([mia.post(one), other.browser.post(two)]);
  for (const { status } of sent) assert.equal(status, 303);
  const mails = await sentTo(world);
  assert.equal(mails.length, 9);
  assert.equal(new Set(mails).size, 9);
});
