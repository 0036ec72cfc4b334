import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { addApiKey, keyActor } from '#flows/administration/api-keys.ts';
import {
  renewAccessCode,
  renewStaffAccessCode,
  requestMfaReset,
  resetStaffMfa,
} from '#flows/administration/reset-requests.ts';
import { rowsOfPerson } from '../stories/team/team-story.ts';
import { openWorld, type World } from '../world.ts';

/** An API key of this person, as the actor of its calls. */
async function keyOf({ env }: World, userId: string): Promise<Actor> {
  const made = await addApiKey(env, 'command_line', { name: 'x', scopes: ['users:reset_mfa'], expiresAt: undefined });
  assert(!isRefusal(made));
  const { apiKey } = made;
  const change = { created_by: userId };
  await env.db.transaction((tx) => tx.updateTable('api_keys').set(change).where('id', '=', apiKey.id).execute());
  const authority = {
    kind: 'apiKey',
    apiKey: { ...apiKey, createdBy: userId, grantedFor: 'users:reset_mfa' },
  } as const;
  return { id: keyActor(apiKey), client: undefined, authority };
}

test('the reset of people touches no staff, and the reset of staff nobody else, no matter who calls the flow', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { id: partnerId } = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
  const chris = await world.addUser({ email: 'chris@portal.example', role: 'admin' });
  for (const { id } of [ana, chris]) await world.addAuthenticator(id);
  const asked = {
    actor: 'command_line',
    reason: 'lost phone',
    checkedBy: 'video',
    checkNote: 'badge',
    codeMinutes: 60,
  };
  const before = [await rowsOfPerson(world, ana.id), await rowsOfPerson(world, chris.id)];
  const nobody = { refused: 'not_found', reason: 'user' };
  assert.deepEqual(await requestMfaReset(env, { ...asked, id: chris.id }), nobody);
  assert.deepEqual(await resetStaffMfa(env, { ...asked, id: ana.id }), nobody);
  const own = await resetStaffMfa(env, { ...asked, id: chris.id, actor: await keyOf(world, chris.id) });
  assert.deepEqual(own, { refused: 'forbidden', reason: 'own' });
  assert.deepEqual([await rowsOfPerson(world, ana.id), await rowsOfPerson(world, chris.id)], before);

  assert(!isRefusal(await requestMfaReset(env, { ...asked, id: ana.id })));
  assert(!isRefusal(await resetStaffMfa(env, { ...asked, id: chris.id })));
  assert.deepEqual(await renewAccessCode(env, { ...asked, id: chris.id }), nobody);
  assert.deepEqual(await renewStaffAccessCode(env, { ...asked, id: ana.id }), nobody);
  assert(!isRefusal(await renewAccessCode(env, { ...asked, id: ana.id })));
  assert(!isRefusal(await renewStaffAccessCode(env, { ...asked, id: chris.id })));
});
