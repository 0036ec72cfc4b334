import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRefusal, type RefusalCode } from '#core/values/result.ts';
import { renewStaffAccessCode, resetStaffMfa } from '#flows/administration/reset-requests.ts';
import { secretOn } from '../../story.ts';
import {
  act,
  assertRefused,
  type Drawn,
  type Events,
  type On,
  onPerson,
  openStepsOf,
  ordinal,
  pickOpenStep,
} from '../act.ts';
import { endOthers, forgetDevices, resetAuthenticators } from '../effects.ts';
import { inside, refusedForStepUp } from '../inside.ts';
import { isSteppedUp, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Pending, Person, Session } from '../rows.ts';
import { assertSentOn, closedStep, send, show, whyNoSecret } from './enrollment.ts';

const CHECKED = { reason: 'lost phone', checkedBy: 'callback', checkNote: 'the number of the office' } as const;
const MINUTES = 10;

type OnPerson = On & { readonly person: Person };

const reset = onPerson('reset mfa with a code', resetMfaWithCode);

export async function resetMfaWithCode(model: Model, real: Real, on: OnPerson): Promise<Events> {
  const code = await resetWithCode(model, real, on);
  const before = on.person.accessCode?.code;
  resetAuthenticators(model, on.person);
  setAccessCode(model, on.person, code, before);
  return ['user.mfa_reset', 'access_code.created'];
}

/** A program resets people of the partner, an administrator resets staff. */
async function resetWithCode(model: Model, real: Real, { node, person }: OnPerson): Promise<string> {
  if (!person.isStaff) {
    return codeIn(
      await real.manage(model, node, `/users/${person.id}/reset-mfa`, { ...CHECKED, codeMinutes: MINUTES }),
    );
  }
  const typed = { id: person.id, actor: 'command_line', codeMinutes: MINUTES, ...CHECKED };
  const done = await resetStaffMfa(real.world(node).env, typed);
  assert(!isRefusal(done) && done.accessCode);
  return done.accessCode.code;
}

const another = onPerson(
  'another access code',
  async (model, real, on) => {
    const { person } = on;
    const code = await renewCode(model, real, on);
    setAccessCode(model, person, code, person.accessCode?.code);
    endOthers(model, person);
    forgetDevices(model, person);
    return ['access_code.created'];
  },
  ({ accessCode }) => accessCode !== undefined,
);

async function renewCode(model: Model, real: Real, { node, person }: OnPerson): Promise<string> {
  if (!person.isStaff) {
    return codeIn(await real.manage(model, node, `/users/${person.id}/access-code`, { codeMinutes: MINUTES }));
  }
  const typed = { id: person.id, actor: 'command_line', codeMinutes: MINUTES };
  const made = await renewStaffAccessCode(real.world(node).env, typed);
  assert(!isRefusal(made));
  return made.code;
}

function codeIn({ status, body }: Awaited<ReturnType<Real['manage']>>): string {
  assert.equal(status, 200);
  return String(body.accessCode);
}

function setAccessCode({ now }: Model, person: Person, code: string, before: string | undefined): void {
  person.accessCode = { code, before, expiresAt: now + MINUTES * 60, tries: 0, usedBy: undefined };
}

/** The last one that staff made, used or not; the dead one before it; an unknown one. */
const typedAccessCode = fc.constantFrom('last', 'last', 'last', 'before', 'wrong');

function accessCodeOf({ accessCode }: Person, typed: string): string {
  const wrong = '0000-0000-0000-0000';
  if (typed === 'wrong') return wrong;
  return (typed === 'last' ? accessCode?.code : accessCode?.before) ?? wrong;
}

/** Counts an attempt and compares the code. Undefined if it is right, which uses it up. */
function tryAccessCode(model: Model, owner: Pending | Session, typed: string): readonly RefusalCode[] {
  const { accessCode } = owner.person;
  const isOpen = accessCode && accessCode.usedBy === undefined && model.now < accessCode.expiresAt;
  if (!isOpen || accessCode.tries >= 10) return ['access_code_expired'];
  accessCode.tries += 1;
  if (typed !== accessCode.code) return ['access_code_incorrect'];
  accessCode.usedBy = owner;
  return [];
}

const give = act({
  name: 'give an access code',
  args: fc.record({ which: ordinal, typed: typedAccessCode }),
  check: (model) => openStepsOf(model).some(({ pending }) => pending.person.accessCode !== undefined),
  async run(model, real, { which, typed, node }) {
    const openStep = pickOpenStep(model, which, ({ person }) => person.accessCode !== undefined);
    const { pending, browser } = openStep;
    const code = accessCodeOf(pending.person, typed);
    const refused = closedStep(model, pending) ?? tryAccessCode(model, pending, code);
    const paths = ['/enroll/access-code', '/sign-in/enrollment/access-code'] as const;
    const answer = await send(model, real, { ...openStep, node, paths, code });
    if (refused.length > 0) {
      assertSentOn(openStep, answer, refused);
      return [];
    }
    if (!browser) {
      assert.equal(answer.status, 204);
      return ['access_code.accepted'];
    }
    if (whyNoSecret(model, pending)) return ['access_code.accepted'];
    const { text } = await real.get(node, browser, '/enroll/authenticator');
    return ['access_code.accepted', ...show(model, pending, secretOn(text))];
  },
});

const giveInside = inside(
  'give an access code inside',
  fc.record({ typed: typedAccessCode }),
  async (model, real, { typed, ...on }) => {
    const { session, browser, node } = on;
    const isUp = isSteppedUp(model, session);
    const code = accessCodeOf(session.person, typed);
    const refused = isUp ? tryAccessCode(model, session, code) : [];
    const answer = await real.post(node, browser, '/security/authenticator/access-code', { code });
    if (!isUp) return refusedForStepUp(answer);
    if (refused.length > 0) {
      assertRefused(answer, refused);
      return [];
    }
    assert.equal(answer.location, '/security/authenticator');
    if (whyNoSecret(model, session)) return ['access_code.accepted'];
    const { text } = await real.get(node, browser, '/security/authenticator');
    return ['access_code.accepted', ...show(model, session, secretOn(text))];
  },
  ({ person }) => person.accessCode !== undefined,
);

export const ACCESS_CODE_ACTS: readonly Drawn[] = [
  { weight: 1, arbitrary: reset },
  { weight: 1, arbitrary: another },
  { weight: 10, arbitrary: give },
  { weight: 10, arbitrary: giveInside },
];
