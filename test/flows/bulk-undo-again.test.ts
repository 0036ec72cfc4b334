import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { stopBulk, undoBulk } from '#flows/bulk/start.ts';
import { workOff } from '#flows/bulk/work.ts';
import { listBulkItems } from '#store/bulk/items.ts';
import { openWorld } from '../world.ts';
import { addPartners, jobNow, policiesOf, startChange, WHY } from './bulk-story.ts';

const OPTIONAL = { act: 'policy', policy: 'optional' } as const;

test('what an undo left when it was stopped, another one undoes; two at once are one', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const id = await startChange(world, 'command_line', await addPartners(world, 12), OPTIONAL);
  await workOff(env);
  const first = await undoBulk(env, 'command_line', { id, reason: WHY });
  assert(!isRefusal(first));
  let looks = 0;
  await workOff(env, () => ++looks > 3);
  assert(!isRefusal(await stopBulk(env, 'command_line', first.id)));
  const { done } = await jobNow(world, first.id);
  assert(done > 0 && done < 12, `${done} are restored`);

  const again = () => undoBulk(env, 'command_line', { id, reason: WHY });
  const both = await Promise.all([again(), again()]);
  const [second, ...others] = both.flatMap((one) => (isRefusal(one) ? [] : [one]));
  assert(second && others.length === 0);
  await workOff(env);

  const unchanged = { unchanged: done, failed: 0 };
  assert.deepEqual(await jobNow(world, second.id), { state: 'finished', total: 12, done: 12 - done, ...unchanged });
  assert.deepEqual(new Set(await policiesOf(world)), new Set(['off']));
  const kept = await listBulkItems(env.db.read, second.id, { after: 0, limit: 20, states: ['unchanged'] });
  assert.deepEqual(new Set(kept.map(({ note }) => note)), new Set(['same']));
  const late = await again();
  assert(isRefusal(late) && late.reason === 'bulk_undone');
});
