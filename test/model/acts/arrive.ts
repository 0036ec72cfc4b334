import assert from 'node:assert/strict';
import fc from 'fast-check';
import { act, type Drawn, someone } from '../act.ts';
import { needsPasskey, provableKinds } from '../factors.ts';
import { isLivePending, isLiveSession, isShutOut, type Model, stateAfterPassword } from '../model.ts';
import type { Person } from '../rows.ts';
import { giveCode } from './second-factor.ts';
import { enter } from './sign-in.ts';

/** A complete sign-in with a correct code, in a browser without a session. It gives a session to later acts. */
const arrive = act({
  name: 'arrive',
  args: fc.record({ person: someone, at: fc.constantFrom(0, 1) }),
  check: (model, { at }) => !isLiveSession(model, model.browsers[at]?.session) && ready(model).length > 0,
  async run(model, real, { person: index, at, node }) {
    const people = ready(model);
    const person = people[index % people.length];
    const browser = model.browsers[at];
    assert(person && browser);
    const typed = String(person.password);
    const events = await enter(model, real, { person, browser, right: true, typed, node });
    const { pending } = browser;
    if (events.length === 0 || !worksByCode(model, person) || !isLivePending(model, pending)) return events;
    return [...events, ...(await giveCode(model, real, { pending, browser, typed: 'free', trusts: true, node }))];
  },
});

/** The people who can get a session with a password and a code. */
function ready(model: Readonly<Model>): readonly Person[] {
  return model.people.filter((person) => {
    if (person.password === undefined || isShutOut(model, person)) return false;
    return worksByCode(model, person) || stateAfterPassword(model, person) === 'complete';
  });
}

function worksByCode(model: Readonly<Model>, person: Person): boolean {
  return provableKinds(model, person).includes('totp') && !needsPasskey(model, person);
}

export const ARRIVE: Drawn = { weight: 20, arbitrary: arrive };
