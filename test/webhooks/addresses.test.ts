import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { webhookUrl } from '#core/portals/webhook.ts';
import { post, type Resolved } from '#webhooks/send.ts';
import { openReceiver } from './receiver.ts';

const SENT = { headers: { 'content-type': 'application/json' }, body: '{}' };
const v4 = (address: string): Resolved => ({ address, family: 4 });

/** A resolver that answers these lists in turn and counts its calls. */
function answers(...lists: readonly (readonly Resolved[])[]) {
  const asked: string[] = [];
  return {
    asked,
    resolve: async (name: string) => lists[Math.min(asked.push(name), lists.length) - 1] ?? [],
  };
}

test('a name that leads inwards is not connected to, even where only one of its addresses does', async () => {
  const inwards = [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    'fe80::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ];
  for (const address of inwards) {
    for (const list of [[v4(address)], [v4('1.1.1.1'), v4(address)], [v4(address), v4('1.1.1.1')]]) {
      const taken = await post({ url: 'https://hook.example/', ...SENT }, { allowLocal: true, ...answers(list) });
      assert.deepEqual(taken, { taken: false, fault: 'address_refused' }, address);
    }
  }
});

test('an address in the URL itself is checked too, in every spelling', async () => {
  const spelled = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '10.0.0.1',
    '192.168.1.1',
    '[fe80::1]',
    '0.0.0.0',
    '[::]',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
  ];
  for (const host of spelled) {
    const taken = await post({ url: `https://${host}/`, ...SENT }, { allowLocal: true });
    assert.deepEqual(taken, { taken: false, fault: 'address_refused' }, host);
  }
});

test('a name that answers otherwise the second time is asked once: the connection goes where the check was', async (t) => {
  // Counts every connection before TLS, which an HTTP receiver would miss.
  let connections = 0;
  const inside = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  t.after(() => inside.close());
  const { port } = inside.address() as AddressInfo;
  // First public, then this machine: the classic DNS rebinding.
  const rebinding = answers([v4('192.0.43.8')], [v4('127.0.0.1')]);
  // The system's resolver also answers this machine, if something bypasses ours.
  const url = `https://localhost:${port}/`;
  const taken = await post({ url, ...SENT }, { allowLocal: true, timeoutSeconds: 0.5, ...rebinding });
  assert.equal(taken.taken, false);
  assert.deepEqual(rebinding.asked, ['localhost']);
  assert.equal(connections, 0);
});

test('a name that nobody knows is a fault like any other', async () => {
  const taken = await post({ url: 'https://nobody.example/', ...SENT }, { allowLocal: false, ...answers([]) });
  assert.deepEqual(taken, { taken: false, fault: 'name_unknown' });
});

test('plain http goes to this machine alone, and only where the settings say so', async (t) => {
  const receiver = await openReceiver(t);
  assert.deepEqual(await post({ url: receiver.url, ...SENT }, { allowLocal: true }), { taken: true });
  assert.deepEqual(await post({ url: receiver.url, ...SENT }, { allowLocal: false }), {
    taken: false,
    fault: 'not_https',
  });
  const named = { url: `http://hook.example:${receiver.port}/`, ...SENT };
  const taken = await post(named, { allowLocal: true, ...answers([v4('127.0.0.1')]) });
  assert.deepEqual(taken, { taken: false, fault: 'not_https' });
  assert.equal(receiver.received.length, 1);
});

test('a webhook is https, without a user or a fragment; http only to this machine where that is allowed', () => {
  const fits = (typed: string, allowLocal = false) => webhookUrl(typed, { allowLocal });
  assert.equal(fits('https://hook.example'), 'https://hook.example/');
  assert.equal(fits('https://hook.example:8443/a?b=c'), 'https://hook.example:8443/a?b=c');
  for (const typed of [
    '',
    'hook.example',
    '/hook',
    'http://hook.example/',
    'ftp://hook.example/',
    'file:///etc/passwd',
    'gopher://hook.example/',
    'https://user@hook.example/',
    'https://user:pass@hook.example/',
    'https://hook.example/#x',
    'http://localhost/',
    `https://hook.example/${'x'.repeat(2_000)}`,
    'data:text/plain,x',
    'https://',
  ])
    assert.equal(fits(typed), undefined, typed);
  for (const typed of ['http://localhost:3000/', 'http://127.0.0.1/', 'http://[::1]:8080/'])
    assert.equal(fits(typed, true), typed);
  for (const typed of ['http://10.0.0.1/', 'http://localhost.example/', 'http://127.0.0.2/'])
    assert.equal(fits(typed, true), undefined, typed);
});
