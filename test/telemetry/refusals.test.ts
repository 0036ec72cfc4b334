import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeOverRefusals, flushRefusals } from '#features/operate/refusals.ts';
import { watchedDatabase } from '#store/engine/watched.ts';
import { startMetrics } from '#telemetry/metrics.ts';
import { openTestDatabase } from '../databases/open.ts';
import { tryPassword } from '../security/limits/limits-story.ts';
import { openWorld } from '../world.ts';

test('every refusal counts in the metrics, whether it has an event of its own or is one of a number', async (t) => {
  const metrics = startMetrics();
  const db = watchedDatabase(await openTestDatabase());
  t.after(() => db.close());
  const world = await openWorld(t, { db });
  for (let tries = 1; tries <= 40; tries++) await tryPassword(world, 'ana@acme.example', 'wrong');
  const line = 'sallyport_refusals_total{action="sign_in.password_refused",reason="too_many_attempts"} 30';
  assert.ok((await metrics.render()).includes(line));
  await flushRefusals(world.env);
  world.clock.at += 3600;
  await closeOverRefusals(world.env);
  assert.equal((await world.events()).length, 12);
  assert.ok((await metrics.render()).includes(line), 'and no refusal twice');
});
