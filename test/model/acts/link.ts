import assert from 'node:assert/strict';
import fc from 'fast-check';
import { act, assertRefused, type Drawn, isColleague, onPerson, someone } from '../act.ts';
import { devicePasswordCounter, passwordCounter, resetMailCounter } from '../counters.ts';
import { addLink, endOthers, forgetDevices, knowDevice, revokeLinks, signOutHere } from '../effects.ts';
import {
  HOUR,
  isLiveLink,
  isLiveSession,
  isShutOut,
  MINUTE,
  type Model,
  newPerson,
  stateAfterPassword,
} from '../model.ts';
import type { PageAnswer } from '../real.ts';
import type { Person } from '../rows.ts';
import { withLink } from './email.ts';
import { nextPassword } from './security.ts';
import { pass } from './sign-in.ts';

const askForLink = act({
  name: 'ask for a reset link',
  args: fc.record({ person: someone, at: fc.constantFrom(0, 1) }),
  async run(model, real, { person: index, at, node }) {
    const person = model.people[index % model.people.length];
    const browser = model.browsers[at];
    assert(person && browser);
    const limited = model.counters.reserve([resetMailCounter(person.email)], model.now).length > 0;
    const { status } = await real.post(node, browser, '/forgot-password', { email: person.email });
    assert.equal(status, 303);
    if (limited || isShutOut(model, person)) return [];
    revokeLinks(model, person, ['reset']);
    addLink(model, 30 * MINUTE, { purpose: 'reset', person, path: await real.mailedLink(node, 'password_reset') });
    return ['password.reset_requested'];
  },
});

const mailLink = onPerson(
  'mail a reset link',
  async (model, real, { person, node }) => {
    const answer = await real.manage(model, node, `/users/${person.id}/password-link`);
    if (isShutOut(model, person)) {
      assertRefused(answer, ['forbidden']);
      return [];
    }
    assert.equal(answer.status, 204);
    revokeLinks(model, person);
    addLink(model, 30 * MINUTE, { purpose: 'reset', person, path: await real.mailedLink(node, 'password_reset') });
    return ['link.created'];
  },
  isColleague,
);

const useLink = withLink('reset', async (model, real, { link, browser, node }) => {
  const { person } = link;
  const { session } = browser;
  const password = nextPassword(model);
  const answer = await real.post(node, browser, link.path, { password });
  if (!isLiveLink(model, link)) {
    assertRefused(answer, ['not_found']);
    return [];
  }
  assert.equal(answer.location, '/sign-in?password-saved');
  assert.deepEqual([answer.cookies.session, answer.cookies.pending], [undefined, undefined], 'no sign-in by a link');
  setPassword(model, person, password, answer);
  endOthers(model, person);
  return ['password.reset', 'sessions.ended_others', ...signOutHere(model, session)];
});

/** Uses up a link, and only this browser is known afterwards. Answers the name of the device. */
function setPassword(model: Model, person: Person, password: string, { cookies }: PageAnswer): string {
  assert(cookies.device !== undefined);
  revokeLinks(model, person);
  Object.assign(person, { oldPassword: person.password, password, isInvited: false });
  model.counters.unlock(passwordCounter(person.email), model.now);
  forgetDevices(model, person);
  // One name for every device that a link makes known, because its counters are preserved.
  const id = knowDevice(model, person, cookies.device, person.id);
  model.counters.unlock(devicePasswordCounter(id), model.now);
  return id;
}

/** At most one more colleague. They can be invited again until they have a password. */
const invite = act({
  name: 'invite',
  args: fc.constant({}),
  async run(model, real, { node }) {
    const invited = guestOf(model);
    const email = `guest@${model.partner.slug}.example`;
    const answer = invited
      ? await real.manage(model, node, `/users/${invited.id}/invitation`)
      : await real.manage(model, node, '/users', { email, partner: model.partner.slug });
    const isRefused = invited ? isShutOut(model, invited) || !invited.isInvited : model.isArchived;
    if (isRefused) {
      assertRefused(answer, ['forbidden']);
      return [];
    }
    assert.equal(answer.status, 200);
    const { id, invitationUrl } = answer.body;
    const person = invited ?? newPerson({ id: String(id), email, role: 'member', password: undefined });
    if (!invited) model.people.push(person);
    revokeLinks(model, person);
    addLink(model, 72 * HOUR, { purpose: 'invitation', person, path: new URL(String(invitationUrl)).pathname });
    return [...(invited ? [] : ['user.created']), 'invitation.created'];
  },
});

/** A person who was invited in this sequence, with or without a password. */
export function guestOf({ people }: Readonly<Model>): Person | undefined {
  return people[3];
}

const accept = withLink('invitation', async (model, real, { link, browser, node }) => {
  const { person } = link;
  const { session } = browser;
  const password = nextPassword(model);
  const answer = await real.post(node, browser, link.path, { name: 'Guest', password });
  if (!isLiveLink(model, link) || !person.isInvited) {
    assertRefused(answer, ['not_found']);
    return [];
  }
  const deviceId = setPassword(model, person, password, answer);
  assert.equal(answer.cookies.session, undefined, 'no session by a link');
  const state = stateAfterPassword(model, person);
  if (state === 'complete') {
    assert.equal(answer.location, '/sign-in?password-saved');
    return ['invitation.accepted', ...signOutHere(model, session)];
  }
  // The new sign-in replaces the session of this browser.
  if (isLiveSession(model, session)) session.ended = true;
  pass(model, answer, { person, browser, state, renewed: undefined, deviceId });
  return ['invitation.accepted'];
});

export const LINK_ACTS: readonly Drawn[] = [
  { weight: 1, arbitrary: askForLink },
  { weight: 1, arbitrary: mailLink },
  { weight: 4, arbitrary: useLink },
  { weight: 2, arbitrary: invite },
  { weight: 6, arbitrary: accept },
];
