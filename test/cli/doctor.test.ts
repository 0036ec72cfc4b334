import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { fill, openKeyWorld } from '../keys/key-world.ts';
import { assertRefused } from './command-line.ts';

test('the doctor says ok of a healthy service whose server is down, and what to do about the rest', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: 1, mails: 0 });
  await server.stop();
  const said = await world.command(['doctor', '--json']);
  assert.equal(said.code, 0, said.err);
  const found: { check: string; state: string; text: string }[] = JSON.parse(said.out);
  const stateOf = (check: string) => found.find((one) => one.check === check)?.state;
  for (const check of ['settings', 'files', 'durability', 'keys', 'audit log'])
    assert.equal(stateOf(check), 'ok', check);
  for (const check of ['server', 'mail', 'proxies', 'administrator']) assert.equal(stateOf(check), 'warn', check);
});

test('the doctor ends with 1 where something fails', async (t) => {
  const world = openKeyWorld(t);
  const missing = await world.command(['doctor']);
  assert.equal(missing.code, 1);
  assert.match(missing.out, /fail +database +there is no database at/);
  await (await world.serve('one:1')).stop();
  chmodSync(world.path, 0o644);
  const open = await world.command(['doctor']);
  assert.equal(open.code, 1);
  assert.match(open.out, /fail +files +others may read the database file: chmod 600/);
  assertRefused(await world.command(['doctor', 'twice']), 2, /one word too many/);
});
