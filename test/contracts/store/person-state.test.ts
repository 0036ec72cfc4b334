import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { personState } from '#core/people/state.ts';
import { setArchived } from '#store/partners/partners.ts';
import { disabledIds, isInState, isOpen } from '#store/people/state.ts';
import { setDisabled } from '#store/people/user-life.ts';
import { findPerson } from '#store/people/users.ts';
import { openWorld, START } from '../../world.ts';

const STATES = ['invited', 'active', 'disabled'] as const;

/** A person for every combination of the facts that determine a state: password, disabled, partner archived or none. */
async function openEverybody(t: TestContext) {
  const world = await openWorld(t);
  const { db } = world.env;
  const open = await world.addPartner({ slug: 'open' });
  const archived = await world.addPartner({ slug: 'archived' });
  const ids: string[] = [];
  for (const [home, partner] of [
    ['open', open],
    ['archived', archived],
    ['staff', undefined],
  ] as const) {
    for (const password of ['lantern otter velvet 9', undefined]) {
      for (const disabledAt of [undefined, START]) {
        const email = `${home}-${password ? 'in' : 'new'}-${disabledAt ?? 'on'}@people.example`;
        const role = partner ? 'member' : 'admin';
        const { id } = await world.addUser({ email, partnerId: partner?.id, role, password });
        await db.transaction((tx) => setDisabled(tx, id, disabledAt));
        ids.push(id);
      }
    }
  }
  await db.transaction((tx) => setArchived(tx, archived.id, START));
  return { read: db.read, ids: ids.toSorted() };
}

test('SQL finds in each state the people whom the rule puts there, and everybody in one of them', async (t) => {
  const { read, ids } = await openEverybody(t);
  const everybody = () =>
    read.selectFrom('users as u').leftJoin('partners as p', 'p.id', 'u.partner_id').select('u.id').orderBy('u.id');
  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
  const expected: Record<string, string[]> = { invited: [], active: [], disabled: [] };
  for (const id of ids) {
    const person = await findPerson(read, id);
    assert.ok(person);
    expected[personState(person)]?.push(id);
  }
  for (const state of STATES) {
    assert.deepEqual(idsOf(await everybody().where(isInState(state)).execute()), expected[state], state);
  }
  const open = [...(expected.invited ?? []), ...(expected.active ?? [])].toSorted();
  assert.deepEqual(idsOf(await everybody().where(isOpen).execute()), open);
  assert.deepEqual(idsOf(await everybody().where('u.id', 'in', disabledIds).execute()), expected.disabled);
  assert.deepEqual(
    STATES.map((state) => expected[state]?.length),
    [2, 2, 8],
  );
});
