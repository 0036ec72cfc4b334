import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AUDIT_ACTIONS, type AuditEvent } from './actions.ts';
import { clientText, eventDigest, headAfter, manifestOf, readManifest, type SealableEvent } from './chain.ts';
import { detailText, isEmailHash, staffReason } from './detail.ts';

const EVENT: SealableEvent = {
  id: '0190a000-0000-7000-8000-000000000001',
  at: 1_800_000_000,
  action: 'session.ended',
  outcome: 'success',
  actor: 'a',
  subject: null,
  partner: null,
  requestId: null,
  detail: '{}',
  clientDigest: '',
};

test('every action is named noun.verb', () => {
  for (const action of Object.keys(AUDIT_ACTIONS)) assert.match(action, /^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
});

test('a detail of codes, ids, numbers and typed reasons is kept', () => {
  const reason = staffReason('Phone lost; Müller called. "Yes"');
  assert(reason);
  assert.equal(
    detailText({ action: 'user.mfa_reset', detail: { reason, sessions: 2 } }),
    '{"reason":"Phone lost; Müller called. \\"Yes\\"","sessions":2}',
  );
  const completed = { action: 'sign_in.completed', detail: { sessionId: EVENT.id, amr: ['pwd', 'otp'] } } as const;
  assert.equal(detailText(completed), `{"sessionId":"${EVENT.id}","amr":["pwd","otp"]}`);
});

test('a detail with a secret in it is a bug that throws, and the error does not repeat it', () => {
  const secrets = [
    'JBSWY3DPEHPK3PXP',
    '123456',
    'AB12-CD34-EF56-GH78',
    'correct horse',
    'q5X-9_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'a@b.example',
  ];
  for (const secret of secrets) {
    const events: AuditEvent[] = [
      { action: 'totp.enrolled', detail: { authenticatorId: secret } },
      { action: 'sign_in.completed', detail: { amr: ['pwd', secret] } },
    ];
    for (const event of events)
      assert.throws(
        () => detailText(event),
        (error: Error) => !error.message.includes(secret),
      );
  }
});

test('an email does not pass for its keyed hash', () => {
  assert.equal(isEmailHash('somebody-with-a-long-name@company-of.example'), false);
  assert.equal(isEmailHash('x'.repeat(43)), true);
});

test('a typed reason is one line of at most 500 characters', () => {
  assert.equal(staffReason('  lost\r\n\tphone\u0000 '), 'lost phone');
  assert.equal(staffReason(' \n '), undefined);
  assert.equal(staffReason('x'.repeat(501))?.length, 500);
});

test('a client text is capped and shows control characters escaped', () => {
  const text = clientText(new Uint8Array(16), { ip: '192.0.2.1', userAgent: `a\u001b[31m\u202e\n${'x'.repeat(300)}` });
  const { userAgent } = JSON.parse(text);
  assert.match(userAgent, /^a\\u\{1b\}\[31m\\u\{202e\}\\u\{a\}x+$/);
  assert.equal(userAgent.match(/x+$/)?.[0].length, 248);
});

test('events that differ in any field have different digests', () => {
  const text = fc.string();
  const maybe = fc.option(text);
  const events = fc.record({
    id: text,
    at: fc.nat(),
    action: text,
    outcome: text,
    actor: maybe,
    subject: maybe,
    partner: maybe,
    requestId: maybe,
    detail: text,
    clientDigest: text,
  });
  fc.assert(
    fc.property(events, fc.constantFrom(...Object.keys(EVENT)), text, (event, field, other) => {
      const changed = { ...event, [field]: field === 'at' ? event.at + 1 : `${other}!` };
      const same = Object.entries(event).every(([name, value]) => Object(changed)[name] === value);
      assert.equal(eventDigest(changed) === eventDigest(event), same);
    }),
  );
  // Text that moves from one field to the next also changes the digest.
  assert.notEqual(eventDigest({ ...EVENT, subject: 'a', actor: null }), eventDigest(EVENT));
});

test('a manifest does not depend on the order in which events were read', () => {
  const one = { ...EVENT, isProven: true };
  const other = { ...one, id: '0190a000-0000-7000-8000-000000000002' };
  assert.equal(manifestOf([one, other]), manifestOf([other, one]));
});

test('a manifest says which events carried the proof of the service; one of an older version says of none', () => {
  const manifest = manifestOf([
    { ...EVENT, id: 'a', isProven: true },
    { ...EVENT, id: 'b', isProven: false },
  ]);
  const digests = { a: eventDigest({ ...EVENT, id: 'a' }), b: eventDigest({ ...EVENT, id: 'b' }) };
  assert.deepEqual(readManifest(manifest), {
    checksProofs: true,
    entries: new Map([
      ['a', { digest: digests.a, isProven: true }],
      ['b', { digest: digests.b, isProven: false }],
    ]),
  });
  assert.deepEqual(readManifest(`a ${digests.a}\n`), {
    checksProofs: false,
    entries: new Map([['a', { digest: digests.a, isProven: false }]]),
  });
});

test('a head depends on the head before and on all that the batch says', () => {
  const facts = { number: 1, sealedAt: 5, eventCount: 2, eventsDigest: 'd' };
  const heads = [
    headAfter('', facts),
    headAfter('x', facts),
    ...Object.keys(facts).map((name) => headAfter('', { ...facts, [name]: 9 })),
  ];
  assert.equal(new Set(heads).size, heads.length);
});
