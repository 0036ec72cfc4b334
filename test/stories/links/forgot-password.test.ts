import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { makeLink } from '#flows/administration/make-link.ts';
import { connectionOf } from '#store/engine/connected.ts';
import type { Queries } from '#store/engine/database.ts';
import { setDisabled } from '#store/people/user-life.ts';
import { askForLink, countRows, EMAIL, NEW_PASSWORD, worldWithAna } from './recovery-story.ts';

describe('asking for a link', () => {
  test('is answered alike for a known, an unknown, a disabled and a limited email', async (t) => {
    const { world, partner } = await worldWithAna(t);
    const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
    await world.env.db.transaction((tx) => setDisabled(tx, bo.id, world.clock.at));
    const person = world.person();
    const known = await person.submit('/forgot-password', { email: EMAIL });
    assert.equal(known.status, 200);
    assert.match(known.text, /valid for 30 minutes/);
    const others = ['nobody@acme.example', bo.email, EMAIL, EMAIL, EMAIL];
    for (const email of others) {
      await person.get('/forgot-password');
      const sent = await person.post('/forgot-password', { email });
      assert.equal(sent.status, 303, email);
      assert.match(sent.location ?? '', /^\/forgot-password\?sent&to=[\w.~-]+$/, email);
      const answer = await person.get(sent.location ?? '');
      assert.equal(answer.status, known.status, email);
      assert.equal(pageFor(answer.text, email), pageFor(known.text, EMAIL), email);
      const named = [...answer.headers.keys()];
      assert.deepEqual(
        named,
        [...known.headers.keys()].filter((name) => name !== 'set-cookie' || named.includes(name)),
      );
    }
    assert.deepEqual(
      (await world.mail()).map(({ to }) => to),
      [EMAIL, EMAIL, EMAIL],
    );
    assert.deepEqual(
      (await world.events()).map(({ action, detail }) => [action, detail.reason, typeof detail.emailHash]),
      [
        ['password.reset_requested', undefined, 'undefined'],
        ['password.reset_refused', 'unknown_email', 'string'],
        ['password.reset_refused', 'disabled', 'undefined'],
        ['password.reset_requested', undefined, 'undefined'],
        ['password.reset_requested', undefined, 'undefined'],
        ['password.reset_refused', 'too_many_attempts', 'undefined'],
      ],
    );
  });

  test('does the same statements for an email that is nobody’s', async (t) => {
    const { world } = await worldWithAna(t);
    const counts = [];
    for (const [index, email] of [EMAIL, 'nobody@acme.example'].entries()) {
      const person = world.person(`203.0.113.${index}`);
      await person.get('/forgot-password');
      const statements: string[] = [];
      const { transaction } = world.env.db;
      t.mock.method(world.env.db, 'transaction', (work: Parameters<typeof transaction>[0]) =>
        transaction((tx) => {
          hear(t, tx, statements);
          return work(tx);
        }),
      );
      await person.post('/forgot-password', { email });
      t.mock.restoreAll();
      counts.push(statements);
    }
    assert.ok((counts[0]?.length ?? 0) >= 5);
    assert.deepEqual(counts[1], counts[0]);
  });

  test('leaves nothing behind for an email that is nobody’s', async (t) => {
    const { world } = await worldWithAna(t);
    await world.person().post('/forgot-password', { email: 'nobody@acme.example' });
    assert.equal(await countRows(world, 'links'), 0);
    assert.deepEqual(await world.mail(), []);
  });

  test('sends at most three mails an hour, and again afterwards', async (t) => {
    const { world } = await worldWithAna(t);
    const person = world.person();
    for (let i = 0; i < 5; i++) await person.post('/forgot-password', { email: EMAIL });
    assert.equal((await world.mail()).length, 3);
    world.clock.at += 3660;
    await person.post('/forgot-password', { email: ' ANA@acme.example ' });
    assert.equal((await world.mail()).length, 4);
  });

  test('with something that is no email shows the form again with it', async (t) => {
    const { world } = await worldWithAna(t);
    const answer = await world.person().post('/forgot-password', { email: 'ana at "acme"' });
    assert.equal(answer.status, 400);
    assert.match(answer.text, /value="ana at &quot;acme&quot;"/);
    assert.match(answer.text, /<title>Error: /);
    assert.match(answer.text, /aria-invalid="true"/);
  });

  test('does not end the invitation of somebody who has no password yet', async (t) => {
    const { world, partner } = await worldWithAna(t);
    const cleo = await world.addUser({ email: 'cleo@acme.example', partnerId: partner.id, password: undefined });
    const invitation = await world.env.db.transaction((tx) =>
      makeLink(world.env, tx, { purpose: 'invitation', userId: cleo.id }),
    );
    const link = await askForLink(world, world.person(), cleo.email);
    const path = new URL(invitation.url).pathname;
    assert.equal((await world.person().get(path)).status, 200);
    assert.equal((await world.person().post(link, { password: NEW_PASSWORD })).status, 303);
    assert.equal((await world.person().get(path)).status, 404);
  });
});

/** Records the database's statements, however they were built. */
function hear(t: TestContext, tx: Queries, statements: string[]): void {
  const connection = connectionOf(tx);
  assert(connection);
  const execute = connection.executeQuery.bind(connection);
  t.mock.method(connection, 'executeQuery', (query: Parameters<typeof execute>[0]) => {
    statements.push(query.sql);
    return execute(query);
  });
}

/** The page without what must differ: it repeats the email that was typed. */
function pageFor(text: string, email: string): string {
  assert.equal(text.split(`>${email}</strong>`).length, 2, email);
  return withoutTokens(text)
    .replaceAll(/(?<=[?&;]to=)[\w.~-]+/g, '')
    .replace(`>${email}</strong>`, '');
}

function withoutTokens(text: string): string {
  return text.replace(/name="form_token" value="[^"]+"/g, '');
}
