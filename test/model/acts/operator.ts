import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MfaPolicy } from '#core/people/policy.ts';
import { isRefusal } from '#core/values/result.ts';
import { tidy } from '#features/operate/housekeeping.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { disableUser, enableUser, unlockUser } from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { act, type Drawn, isColleague, onPerson } from '../act.ts';
import {
  codeCounter,
  devicePasswordCounter,
  newPendingCounter,
  passkeyCounter,
  passwordCounter,
  recoveryCounter,
} from '../counters.ts';
import {
  capWithoutSecondFactor,
  endOthers,
  endPasswordOnly,
  forgetDevices,
  resetAuthenticators,
  revokeLinks,
  sweep,
} from '../effects.ts';
import { DAY, demandOf, HOUR, isLiveSession, MINUTE, type Model, secondFactorFrom } from '../model.ts';
import type { Person } from '../rows.ts';
import { forget } from '../trust.ts';

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
    const changed = await changeMfaPolicy(real.world(node).env, OPERATOR, model.partner.slug, { policy, requiredFrom });
    assert(!isRefusal(changed));
    Object.assign(model, { policy, requiredFrom });
    if (policy === 'required') endWithoutSecondFactor(model, requiredFrom);
    return ['partner.mfa_policy_changed'];
  },
});

/**
 * Required from now: revokes what no second factor opened. With a date or an exemption, it expires then at the latest.
 */
function endWithoutSecondFactor(model: Model, requiredFrom: number | undefined): void {
  const colleagues = model.people.filter(isColleague);
  if (requiredFrom === undefined) {
    sweep(model, (session) => colleagues.includes(session.person) && !isLiveSession(model, session));
  }
  for (const person of colleagues) {
    if (demandOf(model, person) === 'required') endPasswordOnly(model, person);
    else capWithoutSecondFactor(model, [person], secondFactorFrom(model, person) ?? model.now);
  }
  if (requiredFrom !== undefined) return;
  for (const pending of model.pendings) if (pending.skippable && !pending.person.isStaff) pending.ended = true;
}

function typedBy({ email }: Person) {
  return { email, actor: OPERATOR, reason: 'asked on the telephone' };
}

const reset = onPerson('reset mfa', async (model, real, { node, person }) => {
  assert(!isRefusal(await takeAuthenticators(real.world(node).env, typedBy(person))));
  resetAuthenticators(model, person);
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

/** Enables every disabled person at once, or a sequence soon has nobody left. */
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
  const { id: personId, email } = person;
  const known = devices.filter((device) => device.person === person).map(({ id }) => id);
  for (const id of [undefined, ...known]) {
    for (const counterOf of [codeCounter, passkeyCounter, recoveryCounter])
      counters.unlock(counterOf(personId, id), now);
  }
  for (const id of known) counters.unlock(devicePasswordCounter(id), now);
  counters.unlock(passwordCounter(email), now);
  counters.unlock(newPendingCounter(personId), now);
  return ['user.unlocked'];
});

const LEAPS = [5, 29, 30, 31, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, DAY, 31 * DAY];

const advanceClock = act({
  name: 'the clock goes on',
  args: fc.record({ seconds: fc.oneof({ weight: 3, arbitrary: fc.constant(30) }, fc.constantFrom(...LEAPS)) }),
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

/** Nothing may depend on it, because every read checks the expiry itself. */
const tidyUp = act({
  name: 'tidy',
  args: fc.constant({}),
  async run(model, real, { node }) {
    await tidy(real.world(node).env);
    sweep(model, ({ expiresAt }) => model.now >= expiresAt);
    for (const pending of model.pendings) if (model.now >= pending.expiresAt) pending.ended = true;
    for (const challenge of model.passkeys.challenges) challenge.gone ||= model.now >= challenge.expiresAt;
    forget(model, ({ expiresAt }) => model.now >= expiresAt);
    return [];
  },
});

export const OPERATOR_ACTS: readonly Drawn[] = [
  { weight: 2, arbitrary: changePolicy },
  { weight: 1, arbitrary: reset },
  { weight: 1, arbitrary: disable },
  { weight: 5, arbitrary: enable },
  { weight: 1, arbitrary: unlock },
];

/** Acts on the service, not on a person. */
export const SERVER_ACTS: readonly Drawn[] = [
  { weight: 6, arbitrary: advanceClock },
  { weight: 1, arbitrary: restart },
  { weight: 1, arbitrary: tidyUp },
];
