import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuthenticatorSettings } from '../../authenticator/ceremony.ts';
import { createAuthenticator } from '../../authenticator/create.ts';
import { HOSTILE_ASSERTIONS, HOSTILE_REGISTRATIONS } from '../../authenticator/hostile.ts';
import { ORIGIN, openWorld, type World } from '../../world.ts';
import { sessionsOf } from './passkey-people.ts';
import { enrollPasskey, givePasskey, passkeysOf, RP_ID, signInAlone, stepUpWith } from './passkey-story.ts';

/** A new person of a world that all cases share. Each comes from an own network, so that no limit is reached. */
async function nextPerson(world: World, partnerId: string) {
  const number = ++people;
  const ana = await world.addUser({ email: `ana${number}@acme.example`, partnerId });
  return { ana, person: () => world.person(`10.${number >> 8}.${number & 255}.${++visits & 255}`) };
}

let people = 0;
let visits = 0;

function deviceWith(settings: Partial<AuthenticatorSettings> | undefined) {
  return createAuthenticator({ origin: ORIGIN, rpId: RP_ID, counter: 10, ...settings });
}

describe('over HTTP', () => {
  const cleanups: (() => unknown)[] = [];
  const opened = {} as { world: World; partnerId: string };
  before(async () => {
    opened.world = await openWorld({ after: (work: () => unknown) => void cleanups.push(work) } as never);
    opened.partnerId = (await opened.world.addPartner({ policy: 'required' })).id;
  });
  after(async () => {
    for (const work of cleanups.reverse()) await work();
  });

  for (const { what, overrides, tolerable, settings } of HOSTILE_REGISTRATIONS) {
    it(`a passkey is not set up with ${what}`, async () => {
      const { world, partnerId } = opened;
      const { ana, person } = await nextPerson(world, partnerId);
      const browser = person();
      await browser.signIn(ana.email);
      const answer = await enrollPasskey(browser, deviceWith(settings), overrides);
      assert.ok(answer.status < 500, `${answer.status}`);
      const made = (await passkeysOf(world, ana.id)).length;
      assert.equal(answer.status === 303, made === 1);
      assert.equal(await sessionsOf(world, ana.id), made);
      // User verification is only preferred at set-up.
      if (!tolerable && !mayLackVerification(overrides)) assert.equal(made, 0, answer.text);
    });
  }

  for (const { what, overrides, tolerable, settings } of HOSTILE_ASSERTIONS) {
    it(`a passkey signs nobody in with ${what}`, async () => {
      const { world, partnerId } = opened;
      const { ana, person } = await nextPerson(world, partnerId);
      const device = deviceWith(settings);
      const own = person();
      await own.signIn(ana.email);
      assert.equal((await enrollPasskey(own, device)).status, 303);
      assert.equal((await own.post('/enroll/recovery-codes', { saved: 'yes' })).status, 303);
      const sessions = await sessionsOf(world, ana.id);
      const answers = await useEverywhere({ own, person, email: ana.email }, device, overrides);
      for (const { status } of answers) assert.ok(status < 500, `${status}`);
      if (tolerable) return;
      assert.equal(await sessionsOf(world, ana.id), sessions);
      // After a password user verification is only preferred, and the handle may be missing, but never be another one.
      for (const { status, where } of answers) assert.notEqual(status, 303, where);
    });
  }
});

type Visit = {
  readonly own: ReturnType<World['person']>;
  readonly person: () => ReturnType<World['person']>;
  readonly email: string;
};

async function useEverywhere(
  { own, person, email }: Visit,
  device: ReturnType<typeof deviceWith>,
  overrides: Parameters<typeof signInAlone>[2],
) {
  const alone = await signInAlone(person(), device, overrides);
  const second = person();
  await second.signIn(email);
  const afterPassword = mayLackVerification(overrides) ? alone : await givePasskey(second, device, overrides);
  const stepUp = mayLackVerification(overrides) ? alone : await stepUpWith(own, device, overrides);
  return [
    { where: 'alone', status: alone.status },
    { where: 'after the password', status: afterPassword.status },
    { where: 'at a step-up', status: stepUp.status },
  ];
}

function mayLackVerification({ userVerified }: { readonly userVerified?: boolean } = {}): boolean {
  return userVerified === false;
}
