import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFactors } from '../../prove/checker/factor-records.ts';
import type { Operation, Verb } from '../../prove/journal.ts';
import { hashOfToken, type Person } from '../../prove/people.ts';
import type { Service } from '../../prove/service.ts';
import type { Row } from '../../prove/storage.ts';

const CHALLENGE = 'a challenge';
const [SEEDED, NEXT] = ['device:seeded', 'device:next'];
const ANA = { email: 'ana@acme.example', userId: 'ana', trust: SEEDED } as Person;

function signed(key: 'assertion' | 'creation', counter = 0): string {
  const clientDataJSON = Buffer.from(JSON.stringify({ challenge: CHALLENGE })).toString('base64url');
  const data = Buffer.alloc(37);
  data.writeUInt32BE(counter, 33);
  const authenticatorData = data.toString('base64url');
  return JSON.stringify({ [key]: { id: 'credential', response: { clientDataJSON, authenticatorData } } });
}

function done(verb: Verb, item: string, trust?: string): Operation {
  const answer = { op: 1, at: 0, status: 200, requestId: '', trust };
  return { op: 1, at: 0, email: ANA.email, verb, item, answer };
}

type Tables = Readonly<Record<string, readonly Row[]>>;

/** What the checker finds in these rows after these operations. */
async function found(operations: readonly Operation[], tables: Tables, people: readonly Person[] = []) {
  const rows = async (sql: string) => tables[/from (\w+)/.exec(sql)?.[1] ?? ''] ?? [];
  const service = { storage: { rows } } as Pick<Service, 'storage'> as Service;
  return (await checkFactors(service, people, operations)).map(({ invariant, what }) => `${invariant} ${what}`);
}

test('a challenge that was accepted is not in the table', async () => {
  const operations = [done('passkey_alone', signed('assertion'))];
  assert.deepEqual(await found(operations, { passkey_challenges: [{ challenge_hash: hashOfToken('another') }] }), []);
  assert.deepEqual(await found(operations, { passkey_challenges: [{ challenge_hash: hashOfToken(CHALLENGE) }] }), [
    'I2 passkey_alone: its challenge was accepted and is open',
  ]);
});

test('an added passkey is in the table, and a removed one is not', async () => {
  const operations = [done('add_passkey', signed('creation')), done('remove_passkey', 'old')];
  assert.deepEqual(await found(operations, { passkeys: [{ id: 'new', credential_id: 'credential' }] }), []);
  assert.deepEqual(await found(operations, { passkeys: [{ id: 'old', credential_id: 'other' }] }), [
    'I1 a passkey was added and has no row',
    'I1 a passkey was removed and is there',
  ]);
});

test('a stored counter is not behind an accepted one', async () => {
  const operations = [done('passkey', signed('assertion', 7))];
  const people = [{ ...ANA, trust: '' }];
  assert.deepEqual(await found(operations, { passkeys: [{ user_id: 'ana', counter: 7 }] }, people), []);
  assert.deepEqual(await found(operations, { passkeys: [{ user_id: 'ana', counter: 6 }] }, people), [
    'I1 counter 6, and 7 was accepted',
  ]);
});

test('a trusted device has the secret that was answered last, or an event about its end', async () => {
  const operations = [done('trusted_device', SEEDED, NEXT)];
  const stored = (secret: string) => ({ trusted_devices: [{ user_id: 'ana', secret_hash: hashOfToken(secret) }] });
  assert.deepEqual(await found(operations, stored('next'), [ANA]), []);
  assert.deepEqual(await found(operations, stored('seeded'), [ANA]), [
    'I1 a trusted device has another secret than answered',
  ]);
  assert.deepEqual(await found(operations, {}, [ANA]), ['I1 a trusted device is gone']);
  assert.deepEqual(await found(operations, { audit_events: [{ subject: 'ana' }] }, [ANA]), []);
});
