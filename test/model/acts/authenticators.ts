import assert from 'node:assert/strict';
import fc from 'fast-check';
import { secretOn } from '../../story.ts';
import { assertRefused, type Drawn, type Events } from '../act.ts';
import { typedCode } from '../codes.ts';
import { addApp, endOthers, forgetDevices } from '../effects.ts';
import { freeSlot } from '../factors.ts';
import { inside, refusedForStepUp } from '../inside.ts';
import { isEnrolled, isSteppedUp, type Model } from '../model.ts';
import type { Factor, Person, Session } from '../rows.ts';
import { codeFor, show, tryConfirmation, whyNoSecret } from './enrollment.ts';
import { canTurnOff, removeAll } from './security.ts';

const LIST = '/security/authenticators';
const ADD = '/security/authenticators/add';

export const name = fc.constantFrom('Phone', 'Tablet', '', undefined);

const startAdding = inside(
  'start adding an app',
  fc.record({ name }),
  async (model, real, { name = '', session, browser, node }) => {
    const answer = await real.post(node, browser, `${ADD}/start`, { name });
    if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
    const isFull = freeSlot(session.person, 'totp') === undefined;
    const refused = isFull ? ['forbidden'] : whyNoSecret(model, session);
    assert.equal(answer.location, refused ? LIST : ADD);
    if (refused) return [];
    const { text } = await real.get(node, browser, ADD);
    return show(model, session, secretOn(text), name || undefined);
  },
  ({ person }) => isEnrolled(person),
);

const add = inside(
  'add an app',
  fc.record({ typed: typedCode }),
  async (model, real, { typed, session, browser, node }) => {
    const { person } = session;
    const isUp = isSteppedUp(model, session);
    const code = codeFor(model, session, typed);
    const isShown = session.shown !== undefined && model.now < session.shown.expiresAt;
    const confirmed = isUp ? tryAdding(model, session, code) : [];
    const answer = await real.post(node, browser, ADD, { code });
    if (!isUp) return refusedForStepUp(answer);
    if (!('secret' in confirmed)) {
      const isOver = confirmed.some((one) => one === 'enrollment_expired' || one === 'forbidden');
      if (isOver) assert.equal(answer.location, isShown ? LIST : ADD);
      else assertRefused(answer, confirmed);
      return [];
    }
    assert.equal(answer.location, '/security');
    addApp(model, person, confirmed);
    return ['totp.enrolled', ...endForChange(model, session)];
  },
  ({ person }) => isEnrolled(person),
);

function tryAdding(model: Model, session: Session, code: string): ReturnType<typeof tryConfirmation> {
  const confirmed = tryConfirmation(model, session, code);
  const isRoom = freeSlot(session.person, 'totp') !== undefined;
  return 'secret' in confirmed && !isRoom ? ['forbidden'] : confirmed;
}

/** A change of authenticators ends everything else that is open for the person. */
export function endForChange(model: Model, session: Session): Events {
  endOthers(model, session.person, session);
  forgetDevices(model, session.person, session.deviceId);
  return ['sessions.ended_others'];
}

/** An authenticator of the person, or one of anybody else. */
const which = fc.record({ at: fc.nat(11), isOwn: fc.constantFrom(true, true, true, true, false) });

type Which = { readonly which: { readonly at: number; readonly isOwn: boolean } };

function chosen(model: Model, { person }: Session, { which: { at, isOwn } }: Which) {
  const owners = model.people.filter((one) => isOwn === (one === person));
  const all = owners.flatMap((owner) => owner.factors.map((factor) => ({ owner, factor })));
  return all[at % Math.max(1, all.length)];
}

/** Nothing about signing in changes, so nothing ends. */
const rename = inside('rename an authenticator', fc.record({ which }), async (model, real, on) => {
  const { session, browser, node } = on;
  const one = chosen(model, session, on);
  if (!one) return [];
  const id = await real.authenticatorId(node, one.owner.id, one.factor);
  const name = `Name ${model.now}`;
  const answer = await real.post(node, browser, `${LIST}/${id}`, { name });
  if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
  assert.equal(answer.location, LIST);
  if (one.owner !== session.person) return [];
  one.factor.name = name;
  return ['authenticator.renamed'];
});

const remove = inside('remove an authenticator', fc.record({ which }), async (model, real, on) => {
  const { session, browser, node } = on;
  const one = chosen(model, session, on);
  if (!one) return [];
  const id = await real.authenticatorId(node, one.owner.id, one.factor);
  const answer = await real.post(node, browser, `${LIST}/${id}/remove`);
  if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
  const { person } = session;
  if (one.owner !== person) {
    assert.equal(answer.location, LIST, 'an authenticator of another person is not found');
    return [];
  }
  const isLast = person.factors.length === 1;
  if (isLast && !canTurnOff(model, person)) {
    assertRefused(answer, ['forbidden']);
    return [];
  }
  assert.equal(answer.location, '/security');
  return isLast ? removeAll(model, session) : removeOne(model, session, one.factor);
});

/** The others keep working, with the tries that they have. */
function removeOne(model: Model, session: Session, factor: Factor): Events {
  const person: Person = session.person;
  person.factors = person.factors.filter((one) => one !== factor);
  return [`${factor.kind}.removed`, ...endForChange(model, session)];
}

export const AUTHENTICATOR_ACTS: readonly Drawn[] = [
  { weight: 6, arbitrary: startAdding },
  { weight: 8, arbitrary: add },
  { weight: 1, arbitrary: rename },
  { weight: 6, arbitrary: remove },
];
