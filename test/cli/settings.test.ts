import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openKeyWorld } from '../keys/key-world.ts';
import { assertRefused } from './command-line.ts';

async function openSettings(t: TestContext) {
  const world = openKeyWorld(t);
  const { env } = await world.serve('one:1');
  const json = async (...args: string[]) => {
    const said = await world.command([...args, '--json']);
    assert.equal(said.code, 0, said.err);
    return JSON.parse(said.out);
  };
  const one = async (name: string) =>
    (await json('settings', 'list')).find((row: { name: string }) => row.name === name);
  return { ...world, env, json, one };
}

test('the operator lists the settings with their source, changes one and uses the default again', async (t) => {
  const { json, one, command, env } = await openSettings(t);
  const asDefault = await one('product-name');
  assert.deepEqual(
    [asDefault.value, asDefault.source, asDefault.variable, asDefault.changedAt],
    ['Partner Interface', 'default', 'SALLYPORT_PRODUCT_NAME', null],
  );
  const set = await json('settings', 'set', 'product-name', ' Acme  Portal ');
  assert.deepEqual([set.value, set.source, set.changedBy], ['Acme Portal', 'stored', 'command_line']);
  assert.match((await command(['settings', 'list'])).out, /product-name +stored +Acme Portal +2\S+Z by command_line/);
  assert.equal((await json('settings', 'unset', 'product-name')).source, 'default');
  const rows = await env.db.read.selectFrom('audit_events').select(['action', 'actor']).execute();
  const told = rows.filter(({ action }) => action === 'setting.changed').map(({ actor }) => actor);
  assert.deepEqual(told, ['command_line', 'command_line']);
});

test('what is no setting, does not fit or lacks its reason is refused in one line', async (t) => {
  const { command } = await openSettings(t);
  assertRefused(await command(['settings', 'set', 'nothing', 'x']), 1, /no such setting: .*settings list/);
  assertRefused(await command(['settings', 'set', 'accent-hue', '361']), 1, /whole number from 0 to 360/);
  assertRefused(await command(['settings', 'set', 'resets-by', 'administrators']), 1, /reason is required/);
  const said = await command(['settings', 'set', 'resets-by', 'administrators', '--reason', 'agreed']);
  assert.equal(said.code, 0, said.err);
});

test('the doctor counts what is set in the console, names what the environment beats, and fails at a rule that it cannot read', async (t) => {
  const { command, commandWith, env, json } = await openSettings(t);
  await json('settings', 'set', 'accent-hue', '25');
  assert.match((await command(['doctor'])).out, /ok +console settings +set in the console: 1;/);
  const given = { SALLYPORT_ACCENT_HUE: '30' };
  const warned = (await commandWith(['doctor'], given)).out;
  assert.match(warned, /warn +console settings .*without effect.*accent-hue \(SALLYPORT_ACCENT_HUE\)/);
  assert.match(
    (await commandWith(['settings', 'list'], given)).out,
    /accent-hue +environment +30 .*without effect: 25/,
  );
  assertRefused(await commandWith(['settings', 'set', 'accent-hue', '40'], given), 1, /the environment sets this/);
  const row = { name: 'resets-by', value: 'nobody', version: 1, changed_at: 1, changed_by: 'command_line' };
  await env.db.transaction((tx) => tx.insertInto('instance_settings').values(row).execute());
  assert.match((await command(['doctor'])).out, /fail +console settings +the stored setting resets-by cannot be read/);
});
