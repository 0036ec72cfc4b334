import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLink } from '#flows/administration/make-link.ts';
import { headingOn, openWithAna, openWithEnrolledAna, plain, signInFully } from '../../story.ts';

for (const [role, work] of [
  ['member', '/'],
  ['manager', '/team'],
  ['csm', '/console'],
  ['admin', '/console'],
] as const) {
  test(`after both steps a ${role} is at ${work}`, async (t) => {
    const { world, ana, secret } = await openWithEnrolledAna(t);
    const partner = role === 'csm' || role === 'admin' ? { partner_id: null } : {};
    await world.env.db.transaction((tx) =>
      tx
        .updateTable('users')
        .set({ role, ...partner })
        .where('id', '=', ana.id)
        .execute(),
    );
    const { location } = await signInFully(world, world.person(), secret);
    assert.equal(location, work);
  });
}

test('an invitation that was used says what to do, and shows no number of an error', async (t) => {
  const { world } = await openWithAna(t);
  const bo = await world.addUser({ email: 'bo@acme.example', role: 'csm', password: undefined });
  const { url } = await world.env.db.transaction((tx) =>
    makeLink(world.env, tx, { purpose: 'invitation', userId: bo.id }),
  );
  const { pathname } = new URL(url);
  const browser = world.person();
  await browser.get(pathname);
  const accepted = await browser.post(pathname, { name: 'Bo Lind', password: 'lantern otter velvet 9' });
  assert.equal(accepted.status, 303);
  const { text } = await world.person().get(pathname);
  assert.equal(headingOn(text), 'This invitation no longer works');
  assert.match(
    plain(text),
    /If you have already set a password, sign in with it\. Otherwise, ask for a new invitation\./,
  );
  assert.match(text, /<a class="button[^"]*" href="\/sign-in"/);
  assert.doesNotMatch(plain(text), /404|[Nn]ot found/);
});
