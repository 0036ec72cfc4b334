import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { refuse } from '#core/values/result.ts';
import { addApiKey, type MadeApiKey } from '#flows/administration/api-keys.ts';
import { addPartner } from '#flows/administration/partner-acts.ts';
import { idempotent } from '#flows/runtime/idempotency.ts';
import { openWorld } from '../world.ts';

const KEY = { callerId: 'a key', value: 'deal-1', request: 'add partner', storedSeconds: 60 };
const ACME = { name: 'Acme', slug: undefined, mfa: { policy: 'off' as const } };

async function open(t: TestContext) {
  const { env } = await openWorld(t);
  const rows = (table: 'partners' | 'api_keys' | 'idempotent_calls') =>
    env.db.read.selectFrom(table).select('id').execute();
  return { env, rows };
}

test('an act that does not run inside its `around` throws: it would be done again', async (t) => {
  const { env } = await open(t);
  const forgetful = idempotent(
    env,
    KEY,
    () => addPartner(env, 'command_line', ACME),
    () => ({}),
  );
  await assert.rejects(forgetful, /did not run inside/);
});

test('what is added around an act is rolled back with it', async (t) => {
  const { env, rows } = await open(t);
  const outcome = await addPartner(env, 'command_line', ACME, async (_tx, work) => {
    await work();
    return refuse('temporarily_unavailable');
  });
  assert.deepEqual(outcome, refuse('temporarily_unavailable'));
  assert.deepEqual(await rows('partners'), []);
});

test('two at once under one key make one API key, and both get it', async (t) => {
  const { env, rows } = await open(t);
  const typed = { name: 'CRM', scopes: ['users:read'], expiresAt: undefined };
  const add = () =>
    idempotent(
      env,
      KEY,
      (around) => addApiKey(env, 'command_line', typed, around),
      ({ key }: MadeApiKey) => ({ key }),
    );
  const [one, other] = await Promise.all([add(), add()]);
  assert.deepEqual(one, other);
  assert.equal((await rows('api_keys')).length, 1);
  assert.equal((await rows('idempotent_calls')).length, 1);
});
