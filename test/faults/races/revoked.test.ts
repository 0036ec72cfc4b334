import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Person } from '../../world.ts';
import { formOf, openRace, type Race, ROUNDS, times } from './race-world.ts';

let staff = 0;

/** An administrator with a proof that is fresh enough for every act. */
async function enterAdministrator(race: Race): Promise<Person & { readonly id: string }> {
  staff += 1;
  race.clock.at += 60;
  const user = await race.addUser({ email: `admin${staff}@portal.example`, role: 'admin' });
  const secret = await race.addAuthenticator(user.id);
  return { ...(await race.signedIn({ ...user, secret })), id: user.id };
}

/** Forms whose results would outlast the administrator: keys, and invitations of other administrators. */
async function lastingForms(admin: Person, count: number) {
  const key = await formOf(admin, '/console/api-keys/new', { name: 'lasting', 'users:write': 'yes', expires: '' });
  const pals = Array.from({ length: count / 2 }, async (_, index) => {
    const email = `pal${staff}.${index}@portal.example`;
    return formOf(admin, '/console/staff/new', { email, name: 'Pal', role: 'admin' });
  });
  return [...times(count / 2, key), ...(await Promise.all(pals))];
}

async function leftOf({ env }: Race, id: string) {
  const keys = env.db.read.selectFrom('api_keys').select('id').where('created_by', '=', id);
  const links = env.db.read.selectFrom('links').select('id').where('made_by', '=', id);
  return {
    made: (await keys.execute()).length,
    keys: (await keys.where('revoked_at', 'is', null).execute()).length,
    invitations: (await links.execute()).length,
  };
}

describe('an administrator who is revoked at the moment of their acts, on two nodes', () => {
  for (const [how, path, fields] of [
    ['disabled', 'disable', { reason: 'race' }],
    ['made a customer success manager', 'role', {}],
  ] as const) {
    test(`leaves no key and no invitation when ${how}: none overtakes it`, async (t) => {
      const race = await openRace(t);
      for (let round = 0; round < ROUNDS; round++) {
        const [one, other] = [await enterAdministrator(race), await enterAdministrator(race)];
        const forms = await lastingForms(one, 20);
        const end = await formOf(other, `/console/staff/${one.id}/${path}`, fields);
        const unsent = (await lastingForms(one, 2)).slice(0, 2);
        const answers = await race.send([...forms.slice(0, 10), end, ...forms.slice(10)]);
        assert.equal(answers[10]?.status, 303);
        assert.ok(answers.every(({ status }) => status < 500));
        const { keys, invitations } = await leftOf(race, one.id);
        assert.deepEqual([keys, invitations], [0, 0]);
        // Later requests find no session.
        const late = await race.send(unsent);
        assert.deepEqual(
          late.map(({ status }) => status),
          [401, 401],
        );
      }
    });
  }

  test('leaves one of two who disable each other', async (t) => {
    const race = await openRace(t);
    for (let round = 0; round < ROUNDS; round++) {
      const [one, other] = [await enterAdministrator(race), await enterAdministrator(race)];
      const forms = [
        await formOf(one, `/console/staff/${other.id}/disable`, { reason: 'race' }),
        await formOf(other, `/console/staff/${one.id}/disable`, { reason: 'race' }),
      ];
      const answers = await race.send(times(20, ...forms));
      assert.ok(answers.every(({ status }) => status < 500));
      const rows = await race.env.db.read
        .selectFrom('users')
        .select('disabled_at')
        .where('id', 'in', [one.id, other.id])
        .execute();
      assert.equal(rows.filter(({ disabled_at }) => disabled_at === null).length, 1);
    }
  });
});
