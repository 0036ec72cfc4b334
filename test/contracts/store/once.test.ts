import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import {
  claimConfirmation,
  consumeEnrollment,
  createEnrollment,
  reserveEnrollmentTry,
} from '#store/authenticators/enrollments.ts';
import type { Queries } from '#store/engine/database.ts';
import { claimLink, createLink } from '#store/people/links.ts';
import { createUser } from '#store/people/users.ts';
import { createPendingSignIn, renewPendingSignIn } from '#store/sign-in/pending-changes.ts';
import { completePendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { reservePendingTry } from '#store/sign-in/pending-tries.ts';
import { createTrustedDevice, rotateTrustedDevice } from '#store/sign-in/trusted-devices.ts';
import { openTestDatabase } from '../../databases/open.ts';

const OVER_AT = 1_800_000_600;

const db = await openTestDatabase();
after(() => db.close());

beforeEach(() =>
  db.transaction(async (tx) => {
    await tx.deleteFrom('users').execute();
    const user = { id: 'u', email: 'ana@acme.example', name: 'Ana', role: 'admin' as const, locale: null };
    await createUser(tx, {
      ...{ ...user, partner_id: null, sealed_password: null },
      ...{ created_at: 0, disabled_at: null, mfa_skipped_at: null },
    });
    await createPendingSignIn(tx, {
      ...{ id: 'p', token_hash: 'p', channel: 'page', user_id: 'u', created_at: 0, expires_at: OVER_AT, tries: 0 },
      ...{ skippable: 0, proven: null, device_id: null, browser: 'b', return_to: null, replaced_session_id: null },
      ...{ completed_at: null, completed_to: null },
    });
    await createLink(tx, {
      ...{ id: 'l', token_hash: 'l', purpose: 'reset', user_id: 'u' },
      ...{ created_at: 0, expires_at: OVER_AT, used_at: null, made_by: null },
    });
    await createEnrollment(tx, {
      ...{ id: 'e', user_id: 'u', owner_id: 'p', sealed_secret: 'v1.k1.a.b', created_at: 0, expires_at: OVER_AT },
      ...{ tries: 0, confirming_until: null, last_refusal: null },
    });
  }),
);

const RENEWAL = {
  token_hash: 'q',
  expires_at: OVER_AT,
  return_to: null,
  skippable: 0,
  browser: 'b',
  replaced_session_id: null,
};

/** Each with its own statement, because a guard's result may be outdated. */
const CLAIMS: Readonly<Record<string, (tx: Queries, now: number) => Promise<boolean>>> = {
  'a pending sign-in is completed': (tx, now) => completePendingSignIn(tx, 'p', '/', now),
  'a try of a pending sign-in is reserved': (tx, now) => reservePendingTry(tx, 'p', 5, now),
  'a pending sign-in is renewed': (tx, now) => renewPendingSignIn(tx, 'p', { ...RENEWAL, now }),
  'a link is claimed': (tx, now) => claimLink(tx, 'l', now),
  'a try of an enrollment is reserved': (tx, now) => reserveEnrollmentTry(tx, 'e', 20, now),
  'a confirmation is claimed': (tx, now) => claimConfirmation(tx, 'e', now + 30, now),
  'an enrollment is consumed': (tx, now) => consumeEnrollment(tx, 'e', now),
};

for (const [name, claim] of Object.entries(CLAIMS)) {
  test(`${name} until the second in which it is over, and not from then on`, async () => {
    assert.equal(await db.transaction((tx) => claim(tx, OVER_AT)), false);
    assert.equal(await db.transaction((tx) => claim(tx, OVER_AT - 1)), true);
  });
}

const TRUST = {
  id: 't',
  userId: 'u',
  authenticators: 'a',
  from: 's',
  address: null,
  userAgent: null,
  now: OVER_AT - 1,
};

async function addTrustedDevice(): Promise<void> {
  const device = { id: 't', user_id: 'u', secret_hash: 's', authenticators: 'a', created_at: 0, last_used_at: 0 };
  await db.transaction((tx) => createTrustedDevice(tx, { ...device, expires_at: OVER_AT }));
}

test('a secret of a trusted device is used once, by many at the same moment', async () => {
  await addTrustedDevice();
  const uses = ['x', 'y', 'z'].map((to) => db.transaction((tx) => rotateTrustedDevice(tx, { ...TRUST, to })));
  assert.deepEqual((await Promise.all(uses)).filter(Boolean), [true]);
});

for (const [name, other] of [
  ['after its end', { now: OVER_AT }],
  ['for another person', { userId: 'v' }],
  ['with other authenticators', { authenticators: 'b' }],
] as const) {
  test(`a secret of a trusted device is not used ${name}`, async () => {
    await addTrustedDevice();
    assert.equal(await db.transaction((tx) => rotateTrustedDevice(tx, { ...TRUST, to: 'x', ...other })), false);
  });
}
