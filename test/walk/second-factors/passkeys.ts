import { creationOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { optionsFrom, phone, RP_ID } from '../../stories/passkeys/passkey-story.ts';
import { storedOptions, storePasskey } from '../../stories/passkeys/stored.ts';
import { ORIGIN, type World } from '../../world.ts';
import type { Sender } from '../acting.ts';
import { ana, signedIn } from './apps.ts';

const ADD = '/security/authenticators/passkey';
const ENROLL = '/enroll/passkey';
const SECOND = '/sign-in/passkey';
const ALONE = '/sign-in/passkey/alone';
const STEP_UP = '/step-up/passkey';

/** Somebody with a passkey alone. */
async function withPasskey(world: World) {
  const { user } = await ana(world);
  const device = phone();
  await storePasskey(world.env, user, device);
  return { user, device, browser: world.person() };
}

/** The forms that carry the answer of a browser. Those that ask for options answer a script, and redirect nowhere. */
export const PASSKEY_FORMS = {
  [ENROLL]: async (world: World) => {
    const { user } = await ana(world);
    const browser = world.person();
    await browser.signIn(user.email);
    const credential = JSON.stringify(phone().register(await optionsFrom(browser, ENROLL, `${ENROLL}/options`)));
    return { browser, action: ENROLL, fields: { credential } };
  },
  [ADD]: async (world: World) => {
    const { browser } = await signedIn(world);
    const credential = JSON.stringify(phone().register(await optionsFrom(browser, ADD, `${ADD}/options`)));
    return { browser, action: ADD, fields: { name: 'Phone', credential } };
  },
  [SECOND]: async (world: World) => {
    const { user, device, browser } = await withPasskey(world);
    await browser.signIn(user.email);
    const credential = JSON.stringify(device.authenticate(await optionsFrom(browser, SECOND, `${SECOND}/options`)));
    return { browser, action: SECOND, fields: { credential } };
  },
  [ALONE]: async (world: World) => {
    const { device, browser } = await withPasskey(world);
    const options = await optionsFrom(browser, '/sign-in', `${ALONE}/options`);
    return {
      browser,
      action: ALONE,
      from: '/sign-in',
      fields: { credential: JSON.stringify(device.authenticate(options)) },
    };
  },
  [STEP_UP]: async (world: World) => {
    const { browser, user } = await signedIn(world);
    const device = phone();
    await storePasskey(world.env, user, device);
    const credential = JSON.stringify(device.authenticate(await optionsFrom(browser, STEP_UP, `${STEP_UP}/options`)));
    return { browser, action: STEP_UP, fields: { credential } };
  },
};

type Purpose = 'second_factor' | 'step_up' | 'enrollment';

/** The binding of a challenge to a browser, and its form cookie; a program has neither. */
function browserOf(world: World, channel: 'page' | 'api') {
  if (channel === 'api') return { browser: null };
  const formCookie = newToken(world.env.random);
  return { browser: tokenHash(`${formCookie}\n`), formCookie };
}

/** Of a person who has a passkey: the answer to a challenge of their sign-in or session. */
function used(purpose: Purpose, channel: 'page' | 'api') {
  return async (world: World, { userId, email, rowId }: Sender) => {
    const device = phone();
    await storePasskey(world.env, { id: userId, email }, device);
    const { browser, ...more } = browserOf(world, channel);
    const options = await storedOptions(world.env, { purpose, owner_id: rowId, browser, userId });
    const answer = device.authenticate(options);
    return { ...more, fields: channel === 'api' ? answer : { credential: JSON.stringify(answer) } };
  };
}

/** The same for a new passkey. */
function created(channel: 'page' | 'api') {
  return async (world: World, { userId, email, rowId }: Sender) => {
    const { browser, ...more } = browserOf(world, channel);
    const binding = { purpose: 'enrollment' as const, owner_id: rowId, browser, userId };
    const { challenge } = await storedOptions(world.env, binding);
    const rp = { id: RP_ID, origin: ORIGIN, name: 'x' };
    const answer = phone().register(creationOptions(rp, { id: userId, email, name: email }, challenge, []));
    return { ...more, fields: channel === 'api' ? answer : { credential: JSON.stringify(answer) } };
  };
}

async function owning(world: World, { userId, email }: Sender) {
  await storePasskey(world.env, { id: userId, email }, phone());
  return {};
}

let partners = 0;

/** A partner with somebody who has no passkey. */
async function withoutPasskey(world: World) {
  partners += 1;
  const { id } = await world.addPartner({ slug: `lacks${partners}` });
  await world.addUser({ email: `lacks${partners}@walk.example`, partnerId: id });
  return { params: { partner: id } };
}

/** Requests about passkeys. The sender has an app, except for an enrollment at sign-in. */
export const PASSKEY_ACTS = {
  'POST /console/partners/:partner/passkeys': async (world: World) => ({
    ...(await withoutPasskey(world)),
    fields: { policy: 'off', from: '' },
  }),
  'POST /console/partners/:partner/passkeys/remind': withoutPasskey,
  [`POST ${ENROLL}/options`]: () => ({}),
  [`POST ${ENROLL}`]: created('page'),
  'POST /api/v1/sign-in/enrollment/passkey/options': () => ({}),
  'POST /api/v1/sign-in/enrollment/passkey': created('api'),
  [`POST ${ADD}/options`]: () => ({ fields: { name: 'Phone' } }),
  [`POST ${ADD}`]: created('page'),
  [`POST ${SECOND}/options`]: owning,
  [`POST ${SECOND}`]: used('second_factor', 'page'),
  'POST /api/v1/sign-in/passkey/options': owning,
  'POST /api/v1/sign-in/passkey': used('second_factor', 'api'),
  [`POST ${STEP_UP}/options`]: owning,
  [`POST ${STEP_UP}`]: used('step_up', 'page'),
  'POST /api/v1/step-up/passkey/options': owning,
  'POST /api/v1/step-up/passkey': used('step_up', 'api'),
};

/** Acts of a person without an authenticator. */
export const PASSKEY_SET_UPS = [
  ...[`POST ${ENROLL}/options`, `POST ${ENROLL}`],
  ...['POST /api/v1/sign-in/enrollment/passkey/options', 'POST /api/v1/sign-in/enrollment/passkey'],
];
