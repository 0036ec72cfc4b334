import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRefusal } from '#core/values/result.ts';
import { changeRole } from '#flows/administration/person-acts.ts';
import { act, assertRefused, type Drawn, isColleague, onPerson, someone } from '../act.ts';
import {
  devicePasswordCounter,
  emailChangeCounter,
  newPendingCounter,
  passwordCounter,
  resetMailCounter,
  setUpCounter,
} from '../counters.ts';
import {
  capWithoutSecondFactor,
  end,
  endOthers,
  endPasswordOnly,
  forgetDevices,
  removeFactors,
  revokeLinks,
} from '../effects.ts';
import { DAY, demandOf, HOUR, isShutOut, type Model, ownersOf, secondFactorFrom } from '../model.ts';
import type { Person } from '../rows.ts';
import { endTrustOfAll, forget } from '../trust.ts';
import { guestOf } from './link.ts';

const WHY = { reason: 'asked on the telephone' };

/** Archives or restores the partner: sessions are revoked; authenticators, devices and links stay. */
const archive = act({
  name: 'archive or restore',
  args: fc.record({ name: fc.constantFrom('archive', 'restore', 'restore', 'restore') }),
  check: ({ isArchived }, { name }) => name === 'archive' || isArchived,
  async run(model, real, { name, node }) {
    const { status } = await real.manage(model, node, `/partners/${model.partner.id}/${name}`);
    assert.equal(status, 200);
    const isNews = model.isArchived !== (name === 'archive');
    model.isArchived = name === 'archive';
    if (!isNews) return [];
    if (!model.isArchived) return ['partner.restored'];
    for (const person of model.people.filter(isColleague)) {
      ownersOf(model, person).forEach(end);
    }
    endTrustOfAll(model);
    return ['partner.archived'];
  },
});

const exempt = act({
  name: 'exempt',
  args: fc.record({ person: someone, seconds: fc.constantFrom(HOUR, 2 * DAY) }),
  async run(model, real, { person: index, seconds, node }) {
    const people = model.people.filter(isColleague);
    const person = people[index % people.length];
    assert(person);
    const until = model.now + seconds;
    const body = { ...WHY, until: new Date(until * 1000).toISOString() };
    assert.equal((await real.manage(model, node, `/users/${person.id}/exemption`, body)).status, 200);
    person.exemptUntil = until;
    const capAt = secondFactorFrom(model, person);
    if (capAt !== undefined) capWithoutSecondFactor(model, [person], capAt);
    return ['user.exempted'];
  },
});

const endExemption = onPerson(
  'end an exemption',
  async (model, real, { person, node }) => {
    assert.equal((await real.manage(model, node, `/users/${person.id}/exemption/end`, WHY)).status, 200);
    person.exemptUntil = undefined;
    endWhatItOpened(model, person);
    return ['user.exemption_ended'];
  },
  ({ exemptUntil }) => exemptUntil !== undefined,
);

function endWhatItOpened(model: Model, person: Person): void {
  if (demandOf(model, person) !== 'required') {
    const capAt = secondFactorFrom(model, person);
    if (capAt !== undefined) capWithoutSecondFactor(model, [person], capAt);
    return;
  }
  for (const pending of model.pendings) if (pending.person === person) pending.ended = true;
  endPasswordOnly(model, person);
}

/** By a manager. Every session is revoked, because it has old rights. Known devices stay. */
const changeRoleInTeam = onPerson(
  'change the role',
  async (model, real, { person, node }) => {
    const answer = await real.asManager(model, node, `/team/people/${person.id}/role`);
    if (person.isDisabled) {
      assertRefused(answer, ['forbidden']);
      return [];
    }
    assert.equal(answer.location, `/team/people/${person.id}?done=role`);
    person.role = person.role === 'member' ? 'manager' : 'member';
    endOthers(model, person);
    return ['user.role_changed'];
  },
  ({ isStaff }, { isArchived }) => !isStaff && !isArchived,
);

/** The same by an administrator. */
const changeRoleOfStaff = onPerson(
  'change the role of staff',
  async (model, real, { person, node }) => {
    const to = person.role === 'csm' ? 'admin' : 'csm';
    const change = { id: person.id, actor: 'command_line', to } as const;
    assert(!isRefusal(await changeRole(real.world(node).env, change)));
    person.role = to;
    endOthers(model, person);
    return ['staff.role_changed'];
  },
  ({ isStaff }) => isStaff,
);

/** Disables the person, so that staff can undo it. A person who never had a password is deleted. */
const removeFromTeam = onPerson(
  'remove from the team',
  async (model, real, { person, node }) => {
    const answer = await real.asManager(model, node, `/team/people/${person.id}/remove`);
    if (person.isInvited) {
      assert.equal(answer.location, '/team?done=removed');
      return erase(model, person);
    }
    assert.equal(answer.location, `/team/people/${person.id}?done=removed`);
    if (person.isDisabled) return [];
    person.isDisabled = true;
    endOthers(model, person);
    forgetDevices(model, person);
    revokeLinks(model, person);
    return ['user.disabled'];
  },
  ({ isStaff }, { isArchived }) => !isStaff && !isArchived,
);

const deleteGuest = onPerson(
  'delete',
  async (model, real, { person, node }) => {
    const answer = await real.manage(model, node, `/users/${person.id}/delete`, WHY);
    if (!isShutOut(model, person)) {
      assertRefused(answer, ['forbidden']);
      return [];
    }
    assert.equal(answer.status, 204);
    return erase(model, person);
  },
  (person, model) => person === guestOf(model),
);

/**
 * Nothing of the person is left, and their credentials open nothing. A new person with that email starts from nothing.
 */
function erase(model: Model, person: Person): readonly string[] {
  const { counters, devices } = model;
  removeFactors(model, person);
  for (const kind of ['recovery', 'passkey']) counters.forget(`${kind}:${person.id}:`);
  const emails = model.links.flatMap(({ email, ...link }) => (link.person === person && email ? [email] : []));
  const tried = [person.email, ...emails].flatMap((email) => [passwordCounter(email), resetMailCounter(email)]);
  const known = devices.filter((device) => device.person === person).map(({ id }) => id);
  const own = [
    newPendingCounter(person.id),
    setUpCounter(person.id),
    emailChangeCounter(person.id),
    ...[person.id, ...known].map(devicePasswordCounter),
  ];
  for (const { key } of [...tried, ...own]) counters.forget(key);
  endOthers(model, person, undefined, { keepsTrust: true });
  forget(model, (device) => device.person === person);
  forgetDevices(model, person);
  revokeLinks(model, person, ['reset', 'invitation', 'confirm', 'revert']);
  model.people.splice(model.people.indexOf(person), 1);
  // The event names a deleted person, and only those of the others are checked.
  return [];
}

export const LIFE_ACTS: readonly Drawn[] = [
  { weight: 4, arbitrary: archive },
  { weight: 3, arbitrary: exempt },
  { weight: 2, arbitrary: endExemption },
  { weight: 1, arbitrary: changeRoleInTeam },
  { weight: 1, arbitrary: changeRoleOfStaff },
  { weight: 1, arbitrary: removeFromTeam },
  { weight: 1, arbitrary: deleteGuest },
];
