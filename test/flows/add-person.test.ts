import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { addPerson, type NewPerson } from '#flows/administration/add-person.ts';
import { minimumLengthFor } from '#flows/sign-in/new-password.ts';
import { findLink } from '#store/people/links.ts';
import { openWorld, PASSWORD, START } from '../world.ts';

const ANA: NewPerson = {
  email: 'Ana@Acme.example',
  name: undefined,
  role: 'member',
  partner: 'acme',
  password: PASSWORD,
};

function add(env: Env, person: Partial<NewPerson> = {}) {
  return addPerson(env, 'command_line', { ...ANA, ...person });
}

async function reasonOf(answer: ReturnType<typeof addPerson>): Promise<string | undefined> {
  const outcome = await answer;
  return isRefusal(outcome) ? outcome.reason : undefined;
}

function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

test('a user added with a password signs in with it', async (t) => {
  const world = await openWorld(t, { realHashes: true });
  await world.addPartner({ policy: 'off' });
  const added = await add(world.env);
  assert(!isRefusal(added));
  assert.deepEqual(
    [added.person.user.email, added.person.user.name, added.invitation],
    ['ana@acme.example', 'ana', undefined],
  );
  assert(!added.person.user.sealedPassword?.includes('argon2'));
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: 'ana@acme.example', password: PASSWORD });
  assert.equal(body.state, 'complete');
});

test('a password needs 12 characters for staff and where MFA is required, else 15', async (t) => {
  const world = await openWorld(t);
  await world.addPartner({ slug: 'required', policy: 'required', requiredFrom: START + 999 });
  await world.addPartner({ slug: 'optional', policy: 'optional' });
  const password = 'otter-velvet';
  assert.equal(password.length, 12);
  assert.equal(await reasonOf(add(world.env, { partner: 'optional', password })), 'too_short');
  assert.equal(await reasonOf(add(world.env, { partner: 'required', password: password.slice(1) })), 'too_short');
  assert.equal(await reasonOf(add(world.env, { partner: 'required', password })), undefined);
  assert.equal(await reasonOf(add(world.env, { email: 'a@b.example', role: 'csm', password })), undefined);
  assert.equal(minimumLengthFor({ partner: undefined }), 12);
});

test('a password made of the words of the product, the partner or the person is refused', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_PRODUCT_NAME: 'Lighthouse Portal' } });
  await world.addPartner({ slug: 'zebracom', name: 'Quokka Systems' });
  const person = { email: 'quandrysel@acme.example', name: 'Voltrimone', partner: 'zebracom' };
  for (const word of ['lighthouse portal', 'quokka systems', 'zebracom-2027', 'quandrysel-27', 'voltrimone-2027']) {
    assert.equal(await reasonOf(add(world.env, { ...person, password: word })), 'own_words', word);
  }
  assert.equal(await reasonOf(add(world.env, { ...person, password: 'passwordpassword' })), 'common');
});

test('an invited user gets a link for 72 hours by mail, of which only the hash is stored', async (t) => {
  const world = await openWorld(t);
  await world.addPartner();
  const added = await add(world.env, { password: undefined, name: ' Ana  Silva ' });
  assert(!isRefusal(added) && added.invitation?.url !== undefined);
  const { url, expiresAt } = added.invitation;
  assert.match(url, /^https:\/\/sign-in\.example\.com\/invitation\/[\w-]{43}$/);
  assert.equal(expiresAt, START + 72 * 3600);
  assert.equal(added.person.user.name, 'Ana Silva');
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to, mail?.link], ['invitation', 'ana@acme.example', url]);
  const find = (now: number) => findLink(world.env.db.read, tokenHash(tokenOf(url)), ['invitation'], now);
  assert.equal((await find(expiresAt - 1))?.userId, added.person.user.id);
  assert.equal(await find(expiresAt), undefined);
  const rows = await world.env.db.read.selectFrom('links').selectAll().execute();
  assert(!JSON.stringify(rows).includes(tokenOf(url)));
});

test('an email is unique without regard to case, over partners and staff, and at once', async (t) => {
  const world = await openWorld(t);
  await world.addPartner();
  await world.addPartner({ slug: 'other', name: 'Other' });
  const answers = await Promise.all([
    reasonOf(add(world.env)),
    reasonOf(add(world.env, { email: 'ANA@ACME.EXAMPLE' })),
  ]);
  assert.deepEqual(answers.toSorted(), ['email_taken', undefined]);
  assert.equal(await reasonOf(add(world.env, { email: ' ana@acme.example ', partner: 'other' })), 'email_taken');
  assert.equal(await reasonOf(add(world.env, { role: 'admin' })), 'email_taken');
  for (const email of ['', 'ana', 'a,b@c.example', 'ana@acme.example\r\nBcc: x@y.example']) {
    assert.equal(await reasonOf(add(world.env, { email })), 'email', JSON.stringify(email));
  }
  assert.equal(await reasonOf(add(world.env, { email: 'b@c.example', partner: 'nobody' })), 'partner');
});

test('the first-administrator link dies with the next one, and for good when there is an administrator', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const find = (url: string) => findLink(env.db.read, tokenHash(tokenOf(url)), ['first_administrator'], env.now());
  const first = await renewFirstAdministratorLink(env);
  const second = await renewFirstAdministratorLink(env);
  assert(first && second);
  assert.equal(await find(first.url), undefined);
  assert((await find(second.url)) !== undefined);
  assert.equal(second.expiresAt, START + 72 * 3600);
  await add(env, { email: 'csm@portal.example', role: 'csm' });
  assert((await find(second.url)) !== undefined);
  await add(env, { email: 'admin@portal.example', role: 'admin' });
  assert.equal(await find(second.url), undefined);
  assert.equal(await renewFirstAdministratorLink(env), undefined);
});
