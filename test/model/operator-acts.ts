import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MfaPolicy } from '#core/policy.ts';
import { isRefusal } from '#core/result.ts';
import { tidy } from '#features/operate/housekeeping.ts';
import { changeMfaPolicy } from '#flows/partner-acts.ts';
import { disableUser, enableUser, unlockUser } from '#flows/person-acts.ts';
import { resetMfa } from '#flows/reset-mfa.ts';
import { type Act, act, assertRefused, type Drawn, type Events, type On, ordinal, pick, someone } from './act.ts';
import { codeLane, devicePasswordLane, newPendingLane, passwordLane, recoveryLane, resetMailLane } from './counters.ts';
import { endOthers, forgetDevices, knowDevice, removeAuthenticator, revokeLinks, sweep } from './effects.ts';
import { DAY, HOUR, isLiveLink, MINUTE, type Model, type Person } from './model.ts';
import type { Real } from './real.ts';
import { nextPassword } from './security-acts.ts';

const OPERATOR = 'command_line';

const changePolicy = act({
  name: 'change the policy',
  args: fc.constantFrom<{ policy: MfaPolicy; in?: number }>(
    ...[{ policy: 'off' as const }, { policy: 'optional' as const }, { policy: 'required' as const }],
    ...[
      { policy: 'required' as const, in: HOUR },
      { policy: 'required' as const, in: 2 * DAY },
    ],
  ),
  async run(model, real, { policy, in: seconds, node }) {
    const requiredFrom = seconds === undefined ? undefined : model.now + seconds;
    const changed = await changeMfaPolicy(real.world(node).env, OPERATOR, model.slug, { policy, requiredFrom });
    assert(!isRefusal(changed));
    Object.assign(model, { policy, requiredFrom });
    if (policy === 'required') endWithoutSecondFactor(model, requiredFrom);
    return ['partner.mfa_policy_changed'];
  },
});

/** From now: what no second factor opened ends. With a date: it ends no later than that. */
function endWithoutSecondFactor(model: Model, requiredFrom: number | undefined): void {
  const sessions = model.sessions.filter(
    ({ person, secondFactorAt }) => !person.isStaff && secondFactorAt === undefined,
  );
  if (requiredFrom !== undefined) {
    for (const session of sessions) session.expiresAt = Math.min(session.expiresAt, requiredFrom);
    return;
  }
  sweep(model);
  for (const session of sessions) session.ended = true;
  for (const pending of model.pendings) if (pending.skippable && !pending.person.isStaff) pending.ended = true;
}

type PersonAct = (model: Model, real: Real, on: On & { person: Person }) => Promise<Events>;

function onPerson(name: string, run: PersonAct): fc.Arbitrary<Act> {
  return act({
    name,
    args: fc.record({ person: someone }),
    run: (model, real, { person: index, node }) => {
      const person = model.people[index % model.people.length];
      assert(person);
      return run(model, real, { node, person });
    },
  });
}

function typedBy({ email }: Person) {
  return { email, actor: OPERATOR, reason: 'asked on the telephone' };
}

const reset = onPerson('reset mfa', async (model, real, { node, person }) => {
  assert(!isRefusal(await resetMfa(real.world(node).env, typedBy(person))));
  removeAuthenticator(model, person);
  model.counters.forget(`recovery:${person.email}:`);
  Object.assign(person, { codes: new Map(), copyUntil: undefined });
  endOthers(model, person);
  forgetDevices(model, person);
  return ['user.mfa_reset'];
});

const disable = onPerson('disable', async (model, real, { node, person }) => {
  assert(!isRefusal(await disableUser(real.world(node).env, typedBy(person))));
  const events = person.isDisabled ? [] : ['user.disabled'];
  person.isDisabled = true;
  endOthers(model, person);
  forgetDevices(model, person);
  revokeLinks(model, person);
  return events;
});

/** Everybody who is disabled at once, else a sequence soon has nobody left. */
const enable = act({
  name: 'enable',
  args: fc.constant({}),
  check: ({ people }) => people.some(({ isDisabled }) => isDisabled),
  async run({ people }, real, { node }) {
    const disabled = people.filter(({ isDisabled }) => isDisabled);
    for (const person of disabled) {
      assert(!isRefusal(await enableUser(real.world(node).env, typedBy(person))));
      person.isDisabled = false;
    }
    return disabled.map(() => 'user.enabled');
  },
});

const unlock = onPerson('unlock', async (model, real, { node, person }) => {
  assert(!isRefusal(await unlockUser(real.world(node).env, typedBy(person))));
  const { counters, devices, now } = model;
  const { email, authenticator } = person;
  const known = devices.filter((device) => device.person === person).map(({ id }) => id);
  for (const id of [undefined, ...known]) {
    if (authenticator) counters.unlock(codeLane(authenticator.key, id), now);
    counters.unlock(recoveryLane(email, id), now);
  }
  for (const id of known) counters.unlock(devicePasswordLane(id), now);
  counters.unlock(passwordLane(email), now);
  counters.unlock(newPendingLane(email), now);
  return ['user.unlocked'];
});

const askForLink = act({
  name: 'ask for a reset link',
  args: fc.record({ person: someone, at: fc.constantFrom(0, 1) }),
  async run(model, real, { person: index, at, node }) {
    const person = model.people[index % model.people.length];
    const browser = model.browsers[at];
    assert(person && browser);
    const limited = model.counters.reserve([resetMailLane(person.email)], model.now).length > 0;
    const { status } = await real.post(node, browser, '/forgot-password', { email: person.email });
    assert.equal(status, 200);
    if (limited || person.isDisabled) return [];
    revokeLinks(model, person);
    const path = await real.mailedLink(node);
    model.links.push({ person, path, expiresAt: model.now + 30 * MINUTE, dead: false });
    return ['password.reset_requested'];
  },
});

const useLink = act({
  name: 'use a reset link',
  args: fc.record({ which: ordinal, at: fc.constantFrom(0, 1) }),
  check: ({ links }) => links.length > 0,
  async run(model, real, { which, at, node }) {
    const link = pick(model.links, which);
    const browser = model.browsers[at];
    assert(link && browser);
    const { person } = link;
    const next = nextPassword(person.password);
    const answer = await real.post(node, browser, link.path, { password: next });
    if (!isLiveLink(model, link)) {
      assertRefused(answer, ['not_found']);
      return [];
    }
    assert.equal(answer.location, '/sign-in?password-saved');
    assert.deepEqual([answer.cookies.session, answer.cookies.pending], [undefined, undefined], 'no sign-in by a link');
    assert(answer.cookies.device !== undefined);
    revokeLinks(model, person);
    person.oldPassword = person.password;
    person.password = next;
    model.counters.unlock(passwordLane(person.email), model.now);
    forgetDevices(model, person);
    // One name for every device that a link ever makes known: its counters are kept.
    const id = knowDevice(model, person, answer.cookies.device, `link of ${person.email}`);
    model.counters.unlock(devicePasswordLane(id), model.now);
    endOthers(model, person);
    return ['password.reset', 'sessions.ended_others'];
  },
});

const LEAPS = [5, 29, 30, 31, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, DAY, 31 * DAY];

const advanceClock = act({
  name: 'the clock goes on',
  args: fc.record({ seconds: fc.oneof({ weight: 5, arbitrary: fc.constant(30) }, fc.constantFrom(...LEAPS)) }),
  async run(model, real, { seconds }) {
    model.now += seconds;
    real.clock.at = model.now;
    return [];
  },
});

const restart = act({
  name: 'restart',
  args: fc.constant({}),
  async run(_model, real, { node }) {
    await real.restart(node);
    return [];
  },
});

/** Rests on nothing, and nothing may rest on it: every read asks for the expiry itself. */
const tidyUp = act({
  name: 'tidy',
  args: fc.constant({}),
  async run(model, real, { node }) {
    await tidy(real.world(node).env);
    sweep(model);
    for (const pending of model.pendings) if (model.now >= pending.expiresAt) pending.ended = true;
    return [];
  },
});

export const OPERATOR_ACTS: readonly Drawn[] = [
  { weight: 2, arbitrary: changePolicy },
  { weight: 1, arbitrary: reset },
  { weight: 1, arbitrary: disable },
  { weight: 3, arbitrary: enable },
  { weight: 1, arbitrary: unlock },
  { weight: 1, arbitrary: askForLink },
  { weight: 2, arbitrary: useLink },
  { weight: 6, arbitrary: advanceClock },
  { weight: 1, arbitrary: restart },
  { weight: 1, arbitrary: tidyUp },
];
