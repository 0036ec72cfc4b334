import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { MfaPolicy } from '#core/people/policy.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { KIND } from '../databases/open.ts';
import { recoveryCodesOf } from '../security/limits/limits-story.ts';
import { makeKey } from '../stories/management-api/management-story.ts';
import { phone, securityKey } from '../stories/passkeys/passkey-story.ts';
import { storePasskey } from '../stories/passkeys/stored.ts';
import { PASSWORD } from '../world.ts';
import type { Drawn } from './act.ts';
import { ACCESS_CODE_ACTS, resetMfaWithCode } from './acts/access-code.ts';
import { ARRIVE } from './acts/arrive.ts';
import { AUTHENTICATOR_ACTS } from './acts/authenticators.ts';
import { CONNECT_ACTS } from './acts/connect.ts';
import { EMAIL_ACTS } from './acts/email.ts';
import { ENROLLMENT_ACTS } from './acts/enrollment.ts';
import { FORWARD_AUTH_ACTS } from './acts/forward-auth.ts';
import { LIFE_ACTS } from './acts/life.ts';
import { LINK_ACTS } from './acts/link.ts';
import { OPENID_ACTS } from './acts/openid.ts';
import { OPERATOR_ACTS, SERVER_ACTS } from './acts/operator.ts';
import { PASSKEY_SET_UP_ACTS } from './acts/passkey-set-up.ts';
import { PASSKEY_ACTS } from './acts/passkeys.ts';
import { SECOND_FACTOR_ACTS } from './acts/second-factor.ts';
import { SECURITY_ACTS } from './acts/security.ts';
import { SIGN_IN_ACTS } from './acts/sign-in.ts';
import { TRUST_ACTS } from './acts/trust.ts';
import { agreeOnTheDead } from './agreement.ts';
import { addApp, addPasskey, issueCodes } from './effects.ts';
import { passkeysOf } from './factors.ts';
import { DAY, type Model, newModel, newPerson } from './model.ts';
import { newClient, openReal, type Real } from './real.ts';
import type { Person } from './rows.ts';

/**
 * The number of sequences of acts, and their largest length. `MODEL_SEQUENCES=5000 npm test -- test/model` runs for
 * long.
 */
const SEQUENCES = Number(process.env.MODEL_SEQUENCES ?? (KIND === 'postgres' ? 25 : 120));
const ACTS_AT_MOST = 70;
/** A failure prints its seed and path: `MODEL_SEED=… MODEL_PATH=…` replays it. */
const { MODEL_SEED, MODEL_PATH } = process.env;

const FACTORS = [...AUTHENTICATOR_ACTS, ...PASSKEY_ACTS, ...PASSKEY_SET_UP_ACTS];
const SIGNING_IN = [
  ...SIGN_IN_ACTS,
  ...SECOND_FACTOR_ACTS,
  ...SECURITY_ACTS,
  ...CONNECT_ACTS,
  ...SERVER_ACTS,
  ...TRUST_ACTS,
];
const RESETS = [...ENROLLMENT_ACTS, ...ACCESS_CODE_ACTS];
const LETTERS = [...LINK_ACTS, ...EMAIL_ACTS];
const PORTALS = [ARRIVE, ...OPENID_ACTS, ...FORWARD_AUTH_ACTS, ...TRUST_ACTS];

/** All acts, or only some of them, so that a sequence goes deeper. */
const sequence = fc.oneof(
  {
    weight: 1,
    arbitrary: commandsOf([
      ...[...SIGNING_IN, ...RESETS, ...LETTERS, ...LIFE_ACTS, ...OPERATOR_ACTS, ...PORTALS],
      ...FACTORS,
    ]),
  },
  { weight: 3, arbitrary: commandsOf([ARRIVE, ...SIGNING_IN, ...FACTORS, ...FACTORS]) },
  {
    weight: 2,
    arbitrary: commandsOf([ARRIVE, ...SIGN_IN_ACTS, ...SERVER_ACTS, ...FACTORS, ...OPERATOR_ACTS, ...OPENID_ACTS]),
  },
  { weight: 2, arbitrary: commandsOf([...SIGNING_IN, ...RESETS]) },
  { weight: 1, arbitrary: commandsOf([...SIGN_IN_ACTS, ...SECOND_FACTOR_ACTS, ...SERVER_ACTS, ...LETTERS]) },
  {
    weight: 1,
    arbitrary: commandsOf([...SIGN_IN_ACTS, ...SECOND_FACTOR_ACTS, ...SERVER_ACTS, ...LIFE_ACTS, ...OPERATOR_ACTS]),
  },
  {
    weight: 2,
    arbitrary: commandsOf([...SIGN_IN_ACTS, ...SECOND_FACTOR_ACTS, ...SERVER_ACTS, ...PORTALS, ...PORTALS]),
  },
  { weight: 2, arbitrary: commandsOf([...SIGNING_IN, ...OPERATOR_ACTS, ...LIFE_ACTS, ...PORTALS, ...PORTALS]) },
);

/** Long sequences from the start. */
function commandsOf(acts: readonly Drawn[]) {
  return fc.noBias(fc.commands([fc.oneof(...acts)], { maxCommands: ACTS_AT_MOST, size: 'max' }));
}

/** A person's state at the start: without an authenticator, with one or several, with one less than allowed, or after a reset. */
type Beginning = 'new' | 'enrolled' | 'several' | 'full' | 'reset';
const beginning = fc.constantFrom<Beginning>(
  'new',
  'new',
  'enrolled',
  'enrolled',
  'several',
  'several',
  'full',
  'reset',
);

test('a full session exists exactly when the model says so', { timeout: 3_600_000 }, async (t) => {
  const real = await openReal();
  const tally = new Map<string, number>();
  let acts = 0;
  after(() => real.stop());
  const property = fc.asyncProperty(
    fc.record({
      policy: fc.constantFrom<MfaPolicy>('off', 'optional', 'required'),
      people: fc.tuple(beginning, beginning, beginning),
      isTrusting: fc.boolean(),
    }),
    sequence,
    async ({ policy, people, isTrusting }, commands) => {
      const model = await begin(real, policy, people);
      if (isTrusting) await allowTrust(model, real);
      await fc.asyncModelRun(() => ({ model, real }), commands);
      await agreeOnTheDead(model, real);
      for (const event of model.successes) tally.set(event, (tally.get(event) ?? 0) + 1);
      acts += model.acts;
    },
  );
  await fc.assert(property, {
    numRuns: SEQUENCES,
    ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
  });
  t.diagnostic([...tally].map(([event, count]) => `${event} ${count}`).join(', '));
  t.diagnostic(`${SEQUENCES} sequences, ${acts} acts, two nodes: model and service agreed after each`);
});

async function allowTrust(model: Model, real: Real): Promise<void> {
  await changeTrustedDevices(real.world(0).env, 'command_line', model.partner.id, true);
  model.trust.isAllowed = true;
}

let sequences = 0;

/** Separate people, partner and address for each sequence, at the start of a day, so that sequences are independent. */
async function begin(real: Real, policy: MfaPolicy, beginnings: readonly Beginning[]): Promise<Model> {
  sequences += 1;
  real.clock.at = (Math.floor(real.clock.at / DAY) + 1) * DAY;
  const slug = `acme-${sequences}`;
  const world = real.world(0);
  const { id: partnerId } = await world.addPartner({ slug, policy });
  const { id: managerId } = await world.addUser({ email: `manager@${slug}.example`, partnerId, role: 'manager' });
  const partner = { id: partnerId, slug, managerId, key: (await makeKey(world)).key };
  const people: Person[] = [];
  const address = `10.${(sequences >> 8) & 255}.${sequences & 255}`;
  const clients = [await newClient(world), await newClient(world)];
  const model = newModel({ policy, partner, address, clients }, real.clock.at, people);
  for (const [index, beginning] of beginnings.entries()) {
    // Two colleagues and one member of staff.
    const isStaff = index === 2;
    const email = `person${index}@${slug}.example`;
    const { id } = await world.addUser({ email, ...(isStaff ? { role: 'csm' } : { partnerId }) });
    const person = newPerson({ id, email, role: isStaff ? 'csm' : 'member', password: PASSWORD });
    people.push(person);
    if (beginning === 'reset') await resetMfaWithCode(model, real, { person, node: 0 });
    if (beginning === 'new' || beginning === 'reset') continue;
    addApp(model, person, { secret: await world.addAuthenticator(id), step: -1 });
    issueCodes(model, person, await recoveryCodesOf(world, id), 'api');
    if (beginning === 'several') await giveSecondApp(real, model, person);
    for (const isSynced of KEYS[beginning]) await giveKey(model, real, person, isSynced);
  }
  return model;
}

/** The passkeys at the start: whether each one is synced. */
const KEYS: { readonly [beginning in Beginning]: readonly boolean[] } = {
  ...{ new: [], reset: [], enrolled: [], several: [true, false] },
  full: Array.from({ length: 8 }, (_, index) => index % 2 === 0),
};

async function giveSecondApp(real: Real, model: Model, person: Person): Promise<void> {
  const world = real.world(0);
  const { db } = world.env;
  const budget_id = (await factorsOf(db.read, person.id))?.budgetId ?? null;
  addApp(model, person, { secret: await world.addAuthenticator(person.id, 2), step: -1 });
  await db.transaction((tx) =>
    tx.updateTable('authenticators').set({ budget_id }).where('user_id', '=', person.id).execute(),
  );
}

async function giveKey(model: Model, real: Real, person: Person, isSynced: boolean): Promise<void> {
  const device = isSynced ? phone() : securityKey();
  const slot = passkeysOf(person).length + 1;
  const { env } = real.world(0);
  const budget = (await factorsOf(env.db.read, person.id))?.budgetId;
  await storePasskey(env, person, device, slot, budget);
  const [credential] = device.credentials;
  assert(credential);
  const named = { kind: 'passkey', slot, name: undefined, lastUsedAt: undefined } as const;
  const key = { ...named, device, credentialId: credential.id, isSynced, counter: credential.signCount };
  addPasskey(model, person, key);
  key.lastUsedAt = undefined;
}
