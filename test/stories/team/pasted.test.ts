import assert from 'node:assert/strict';
import { it } from 'node:test';
import { enterStaff, openConsole, ROBIN } from '../console/console-story.ts';
import { callWithKey, makeKey } from '../management-api/management-story.ts';
import { enterManager } from './team-story.ts';

const ALI = 'علی\u200cرضا';

it('an invitation takes whom it goes to as address books and mail programs write it', async (t) => {
  const { world, partner, partnerPath } = await openConsole(t);
  const admin = await enterStaff(world, 'admin', ROBIN);
  const { browser: manager } = await enterManager(world, partner.id);
  const forms = { '/team/invite': manager, [`${partnerPath}/people/new`]: admin, '/console/staff/new': admin };
  for (const [number, [path, browser]] of Object.entries(forms).entries()) {
    const invite = (email: string, name = '') => browser.post(path, { email, name, role: '' });
    const sent = [
      await invite(`"Silva, Ana" <ana${number}@new.example>; `),
      await invite(`bo${number}@new.example;`),
      await invite(`Cleo <cleo${number}@new.example>`, 'Cleopatra'),
    ];
    for (const { status, text } of sent) assert.equal(status, 303, `${path}: ${text}`);
    const two = `ana@two.example; bo@two.example`;
    const refused = await invite(two);
    assert.equal(refused.status, 400, path);
    assert.ok(refused.text.includes(two), 'what was typed is still in its field');
    const users = await world.env.db.read.selectFrom('users').select(['email', 'name']).orderBy('email').execute();
    const added = users.filter(({ email }) => email.endsWith(`${number}@new.example`));
    assert.deepEqual(
      added.map(({ email, name }) => [email, name]),
      [
        [`ana${number}@new.example`, 'Silva, Ana'],
        [`bo${number}@new.example`, `bo${number}`],
        [`cleo${number}@new.example`, 'Cleopatra'],
      ],
    );
  }
});

it('a name keeps its joiners and loses what was pasted along, wherever it enters', async (t) => {
  const { world, csm, partner } = await openConsole(t);
  const admin = await enterStaff(world, 'admin', ROBIN);
  const { key } = await makeKey(world);
  const typed = `\ufeff${ALI}\u00ad\tAhmadi\u00a0`;
  const kept = `${ALI} Ahmadi`;

  await csm.post(`/console/partners/${partner.id}/people/new`, {
    email: 'ali@acme.example',
    name: typed,
    role: 'member',
  });
  await csm.post(`/console/partners/${partner.id}/rename`, { name: typed });
  await admin.post('/console/api-keys/new', { name: typed, 'users:read': 'yes' });
  const user = { email: 'reza@acme.example', name: typed, partner: 'acme' };
  assert.equal((await callWithKey(world, { method: 'POST', path: '/users', body: user, key })).status, 200);
  const company = { name: typed, slug: 'ahmadi' };
  assert.equal((await callWithKey(world, { method: 'POST', path: '/partners', body: company, key })).status, 200);

  const { read } = world.env.db;
  const people = await read
    .selectFrom('users')
    .select('name')
    .where('email', 'in', ['ali@acme.example', user.email])
    .execute();
  const partners = await read.selectFrom('partners').select('name').execute();
  const keys = await read.selectFrom('api_keys').select('name').where('name', '!=', 'CRM').execute();
  assert.deepEqual(
    [...people, ...partners, ...keys].map(({ name }) => name),
    Array(5).fill(kept),
  );
});
