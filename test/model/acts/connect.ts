import assert from 'node:assert/strict';
import fc from 'fast-check';
import { secretOn } from '../../story.ts';
import { assertRefused, type Drawn, type Events } from '../act.ts';
import { typedCode } from '../codes.ts';
import { addApp, endOthers, forgetDevices, latestEnd, replaceApp } from '../effects.ts';
import { appsOf } from '../factors.ts';
import { type Inside, inside, refusedForStepUp } from '../inside.ts';
import { isEnrolled, isSteppedUp, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Person } from '../rows.ts';
import { codeFor, show, tryConfirmation, whyNoSecret } from './enrollment.ts';
import { readNewCodes, rise } from './security.ts';

const startConnecting = inside(
  'start connecting',
  fc.constant({}),
  async (model, real, on) => {
    const answer = await real.post(on.node, on.browser, '/security/authenticator/start');
    if (!isSteppedUp(model, on.session)) return refusedForStepUp(answer);
    const refused = whyNoSecret(model, on.session);
    const isGated = refused?.includes('access_code_required') ?? false;
    assert.equal(answer.location, isGated ? '/security/authenticator/access-code' : '/security/authenticator');
    if (refused) return [];
    const { text } = await real.get(on.node, on.browser, '/security/authenticator');
    return show(model, on.session, secretOn(text));
  },
  // With several apps, no page shows which one a new one would replace.
  ({ person }) => canReplace(person),
);

/** A person without an authenticator, or with one app. */
function canReplace(person: Person): boolean {
  return !isEnrolled(person) || appsOf(person).length === 1;
}

/** A person's first authenticator in a session, or the replacement of the only app. */
const connect = inside('connect', fc.record({ typed: typedCode }), async (model, real, { typed, ...on }) => {
  const { session, browser, node } = on;
  const { person, deviceId } = session;
  const isUp = isSteppedUp(model, session);
  const code = codeFor(model, session, typed);
  const confirmed = !isUp ? [] : canReplace(person) ? tryConfirmation(model, session, code) : (['forbidden'] as const);
  const answer = await real.post(node, browser, '/security/authenticator', { code });
  if (!isUp) return refusedForStepUp(answer);
  if (!('secret' in confirmed)) {
    const isOver = confirmed.includes('enrollment_expired') || confirmed.includes('forbidden');
    if (isOver) assert.equal(answer.location, '/security/authenticator');
    else assertRefused(answer, confirmed);
    return [];
  }
  const isFirst = !isEnrolled(person);
  if (isFirst) addApp(model, person, confirmed);
  else replaceApp(model, person, confirmed);
  rise(model, on, answer.cookies.session, 'totp');
  endOthers(model, person, session);
  forgetDevices(model, person, deviceId);
  if (!isFirst) return ['totp.replaced', 'sessions.ended_others'];
  return ['totp.enrolled', 'sessions.ended_others', ...(await becomeEnrolled(model, real, on))];
});

/** The first authenticator makes the session one with a second factor, and brings recovery codes. */
export async function becomeEnrolled(model: Model, real: Real, on: Inside): Promise<Events> {
  const { session } = on;
  const expiresAt = latestEnd(model, session.person, session);
  Object.assign(session, { secondFactorAt: model.now, authTime: model.now, expiresAt });
  await readNewCodes(model, real, on);
  return ['recovery_codes.created'];
}

export const CONNECT_ACTS: readonly Drawn[] = [
  { weight: 6, arbitrary: startConnecting },
  { weight: 8, arbitrary: connect },
];
