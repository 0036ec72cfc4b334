import assert from 'node:assert/strict';
import { isRefusal } from '#core/values/result.ts';
import { newToken } from '#core/values/token.ts';
import { exemptPerson } from '#flows/administration/exemption.ts';
import { makeEmailLink } from '#flows/administration/make-link.ts';
import { disableClient } from '#flows/administration/openid-clients.ts';
import { archivePartner } from '#flows/administration/partner-acts.ts';
import { addWebhook } from '#flows/administration/webhooks.ts';
import { makeAccessCode } from '#flows/authenticators/access-code.ts';
import { drawRecoveryCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { createResetRequest } from '#store/people/reset-requests.ts';
import { findPerson } from '#store/people/users.ts';
import { createDelivery } from '#store/queue/webhook-queue.ts';
import { BULK_ACTS } from '../stories/console/bulk/bulk-walk.ts';
import { makeClient } from '../stories/openid/client-story.ts';
import { waitingRequest } from '../stories/openid/waiting-request.ts';
import { PASSWORD, type World } from '../world.ts';
import type { Sender } from './acting.ts';
import { PEOPLE_ACTS } from './console/people.ts';
import { ROLL_OUT_ACTS } from './console/roll-out.ts';
import { APP_ACTS, openSecret, TRUST_ACTS } from './second-factors/apps.ts';
import { PASSKEY_ACTS, PASSKEY_SET_UPS } from './second-factors/passkeys.ts';
import { TEAM_ACTS } from './team.ts';

/** The preconditions of an act and its request: path parameters by name, and fields. */
export type Act = {
  readonly params?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** For rows that belong to the sending browser. */
  readonly formCookie?: string;
};

type Recipe = (world: World, sender: Sender) => Promise<Act> | Act;

/** Enrollment belongs to a person without an authenticator. */
export const WITHOUT_AUTHENTICATOR = [
  ...['POST /enroll', 'POST /enroll/access-code', 'POST /enroll/authenticator', 'POST /enroll/skip'],
  ...['', '/access-code', '/confirm', '/skip'].map((end) => `POST /api/v1/sign-in/enrollment${end}`),
  'POST /security/authenticator/access-code',
  'POST /api/v1/step-up/password',
  ...PASSKEY_SET_UPS,
];

/** These are guarded and have a body, but change nothing. */
export const READS = ['mfa', 'passkeys'].map((policy) => `POST /api/v1/partners/:partner/${policy}/preview`);

/** The code is used up in a separate transaction, which decides the answer of such a request. */
export const ACTS_TWICE = ['POST /security/authenticator/access-code'];

const WHY = { reason: 'asked on the telephone' };
const RESET = { ...WHY, checked_by: 'callback', check_note: 'office number', minutes: '60' };
let names = 0;

/** For every guarded route with an effect: a request that has it. */
export const ACTS: Readonly<Record<string, Recipe>> = {
  'DELETE /api/v1/session': () => ({}),
  'POST /api/v1/partners': () => ({ fields: { name: 'New partner', slug: fresh('new') } }),
  'POST /api/v1/partners/:partner/archive': somePartner(),
  'POST /api/v1/partners/:partner/restore': archivedPartner(),
  'POST /api/v1/partners/:partner/mfa': somePartner({ policy: 'required' }),
  'POST /api/v1/partners/:partner/name': somePartner({ name: 'Another name' }),
  'POST /api/v1/partners/:partner/passkeys': somePartner({ policy: 'off' }),
  'POST /api/v1/partners/:partner/trusted-devices': somePartner({ allowed: true }),
  'POST /api/v1/users': async (world) => {
    const slug = fresh('home');
    await world.addPartner({ slug });
    return { fields: { email: `${slug}@new.example`, partner: slug } };
  },
  'POST /api/v1/users/:user/access-code': somebody({}, giveAccessCode),
  'POST /api/v1/users/:user/delete': somebody(WHY, disable),
  'POST /api/v1/users/:user/disable': somebody(WHY),
  'POST /api/v1/users/:user/enable': somebody(WHY, disable),
  'POST /api/v1/users/:user/exemption': somebody({ ...WHY, until: '2027-03-01' }),
  'POST /api/v1/users/:user/exemption/end': somebody(WHY, exempt),
  'POST /api/v1/users/:user/invitation': somebody({}, invited),
  'POST /api/v1/users/:user/password-link': somebody({}),
  'POST /api/v1/users/:user/reset-mfa': somebody({ ...WHY, checkedBy: 'callback', checkNote: 'office number' }),
  'POST /api/v1/users/:user/unlock': somebody(WHY),
  'POST /console/api-keys/:key/revoke': async ({ env }) => {
    const { addApiKey } = await import('#flows/administration/api-keys.ts');
    const made = await addApiKey(env, 'command_line', { name: 'old', scopes: ['users:read'], expiresAt: undefined });
    assert.ok(!isRefusal(made));
    return { params: { key: made.apiKey.id } };
  },
  'POST /api/v1/clients': () => ({
    fields: { name: fresh('Portal '), redirectUris: ['https://portal.example/callback'] },
  }),
  'POST /api/v1/clients/:client/disable': someClient(),
  'POST /api/v1/clients/:client/enable': someClient(disableClient),
  'POST /api/v1/clients/:client/new-secret': someClient(),
  'POST /console/clients/new': () => ({
    fields: { name: fresh('Portal '), type: 'web', redirect_uris: 'https://portal.example/callback' },
  }),
  'POST /console/clients/:client/disable': someClient(),
  'POST /console/clients/:client/enable': someClient(disableClient),
  'POST /console/clients/:client/new-secret': someClient(),
  'POST /console/partners/new': () => ({ fields: { name: fresh('Partner ') } }),
  'POST /console/partners/:partner/archive': somePartner(WHY),
  'POST /console/partners/:partner/people/new': async (world, sender) => {
    const fields = { email: `${fresh('invited')}@new.example`, name: '', role: 'member' };
    return somePartner(fields)(world, sender);
  },
  'POST /console/partners/:partner/resets': somePartner(),
  'POST /console/partners/:partner/restore': archivedPartner(),
  'POST /console/partners/:partner/trusted-devices': somePartner({ allowed: 'yes' }),
  'POST /console/people/:person/access-code': somebody({ minutes: '60' }, giveAccessCode),
  'POST /console/people/:person/delete': somebody(WHY, disable),
  'POST /console/people/:person/disable': somebody(WHY),
  'POST /console/people/:person/enable': somebody(WHY, disable),
  'POST /console/people/:person/exempt': somebody({ ...WHY, until: '2027-03-01' }),
  'POST /console/people/:person/invitation': somebody({}, invited),
  'POST /console/people/:person/link': somebody({}),
  'POST /console/people/:person/mail/:mail': undeliveredMail,
  'POST /console/people/:person/reset-mfa': somebody(RESET),
  'POST /console/people/:person/unexempt': somebody(WHY, exempt),
  'POST /console/people/:person/unlock': somebody(WHY),
  'POST /console/resets/:request/approve': waitingReset,
  'POST /console/resets/:request/decline': waitingReset,
  'POST /console/secrets/:secret': shownSecret,
  'POST /console/staff/new': () => ({ fields: { email: `${fresh('staff')}@portal.example`, name: '', role: 'admin' } }),
  'POST /console/staff/:person/access-code': somebodyOnTheStaff({ minutes: '60' }, giveAccessCode),
  'POST /console/staff/:person/disable': somebodyOnTheStaff(WHY),
  'POST /console/staff/:person/enable': somebodyOnTheStaff(WHY, disable),
  'POST /console/staff/:person/invitation': somebodyOnTheStaff({}, invited),
  'POST /console/staff/:person/reset-mfa': somebodyOnTheStaff(RESET),
  'POST /console/staff/:person/role': somebodyOnTheStaff({}),
  'POST /console/webhooks/new': () => ({
    fields: { url: 'https://hook.example/new', 'user.created': 'yes', ...EVENTS },
  }),
  'POST /console/webhooks/:webhook/disable': someWebhook(),
  'POST /console/webhooks/:webhook/enable': someWebhook({ disabled_at: 1, disabled_because: 'by_staff' }),
  'POST /console/webhooks/:webhook/rotate': someWebhook(),
  'POST /console/webhooks/:webhook/replay/:delivery': someWebhook(),
  'POST /consent': portalRequest({ answer: 'allow' }),
  'POST /oidc/choose': portalRequest({}),
  'POST /email/:token': async ({ env }, { userId }) => {
    const link = { purpose: 'confirm', userId, email: `${fresh('new')}@walk.example` } as const;
    const url = await env.db.transaction((tx) => makeEmailLink(env, tx, link));
    return { params: { token: url.split('/').at(-1) ?? '' } };
  },
  'POST /enroll': () => ({}),
  'POST /api/v1/sign-in/enrollment': () => ({}),
  'POST /enroll/access-code': ownAccessCode,
  'POST /api/v1/sign-in/enrollment/access-code': ownAccessCode,
  'POST /security/authenticator/access-code': ownAccessCode,
  'POST /enroll/authenticator': openSecret,
  'POST /api/v1/sign-in/enrollment/confirm': openSecret,
  'POST /security/authenticator': openSecret,
  'POST /enroll/skip': () => ({}),
  'POST /api/v1/sign-in/enrollment/skip': () => ({}),
  'POST /enroll/recovery-codes': async (world, sender) => {
    await giveCodes(world, sender, 'page');
    return { fields: { saved: 'yes' } };
  },
  'POST /sign-in/one-time-code': ownCode,
  'POST /api/v1/sign-in/one-time-code': ownCode,
  'POST /step-up': ownCode,
  'POST /sign-in/recovery-code': recoveryCode,
  'POST /api/v1/sign-in/recovery-code': recoveryCode,
  'POST /step-up/recovery-code': recoveryCode,
  'POST /security/authenticator/start': () => ({}),
  'POST /security/authenticator/cancel': openSecret,
  'POST /security/authenticator/turn-off': () => ({}),
  ...APP_ACTS,
  ...TRUST_ACTS,
  ...BULK_ACTS,
  ...PASSKEY_ACTS,
  'POST /api/v1/step-up/one-time-code': ownCode,
  'POST /api/v1/step-up/recovery-code': recoveryCode,
  'POST /api/v1/step-up/password': () => ({ fields: { password: PASSWORD } }),
  ...PEOPLE_ACTS,
  ...ROLL_OUT_ACTS,
  'POST /security/email': () => ({ fields: { email: `${fresh('next')}@walk.example`, current: PASSWORD } }),
  'POST /security/password': () => ({ fields: { current: PASSWORD, new: 'copper lagoon whistle 4' } }),
  'POST /security/recovery-codes': () => ({}),
  'POST /security/sessions/end': async (world, sender) => ({ fields: { id: await otherSession(world, sender) } }),
  'POST /security/sessions/end-others': async (world, sender) => {
    await otherSession(world, sender);
    return {};
  },
  ...TEAM_ACTS,
};

const EVENTS = { 'user.mfa_reset': 'yes', 'user.mfa_enrolled': 'yes' };

function fresh(prefix: string): string {
  names += 1;
  return `${prefix}${names}`;
}

function somePartner(fields: Act['fields'] = {}): Recipe {
  return async (world) => ({ params: { partner: (await world.addPartner({ slug: fresh('partner') })).id }, fields });
}

function archivedPartner(): Recipe {
  return async (world) => {
    const { id } = await world.addPartner({ slug: fresh('partner') });
    await archivePartner(world.env, 'command_line', id);
    return { params: { partner: id } };
  };
}

type Prepare = (world: World, id: string) => Promise<unknown>;

function somebody(fields: Act['fields'], prepare?: Prepare): Recipe {
  return async (world) => {
    const partner = await world.addPartner({
      slug: fresh('of'),
      policy: 'required',
      requiredFrom: world.clock.at + 9e6,
    });
    const { id } = await world.addUser({ email: `${fresh('subject')}@walk.example`, partnerId: partner.id });
    await prepare?.(world, id);
    return { params: { person: id, user: id }, ...(fields && { fields }) };
  };
}

function somebodyOnTheStaff(fields: Act['fields'], prepare?: Prepare): Recipe {
  return async (world) => {
    const { id } = await world.addUser({ email: `${fresh('staff')}@portal.example`, role: 'csm' });
    await prepare?.(world, id);
    return { params: { person: id }, ...(fields && { fields }) };
  };
}

/** Written directly, so that only the state changes. */
function change({ env }: World, id: string, values: object): Promise<unknown> {
  return env.db.transaction((tx) => tx.updateTable('users').set(values).where('id', '=', id).execute());
}

function disable(world: World, id: string) {
  return change(world, id, { disabled_at: world.clock.at });
}

function invited(world: World, id: string) {
  return change(world, id, { sealed_password: null });
}

function exempt({ env, clock }: World, id: string) {
  return exemptPerson(env, { id, actor: 'command_line', ...WHY, until: clock.at + 9e5 });
}

async function giveAccessCode({ env, clock }: World, id: string): Promise<string> {
  const person = await findPerson(env.db.read, id);
  assert.ok(person);
  const code = { user: person.user, expiresAt: clock.at + 3600 };
  return (await env.db.transaction((tx) => makeAccessCode(env, tx, code, 'command_line'))).code;
}

async function ownAccessCode(world: World, { userId }: Sender): Promise<Act> {
  return { fields: { code: await giveAccessCode(world, userId) } };
}

function ownCode(world: World, { secret }: Sender): Act {
  return { fields: { code: world.totp(secret) } };
}

async function giveCodes({ env }: World, { userId }: Sender, channel: 'page' | 'api') {
  const person = await findPerson(env.db.read, userId);
  const client = { requestId: 'w', address: undefined, userAgent: undefined, deviceToken: undefined } as const;
  const drawn = await drawRecoveryCodes(env, userId, client);
  assert.ok(person && !isRefusal(drawn));
  const to = { user: person.user, channel, client } as const;
  await env.db.transaction((tx) =>
    issueRecoveryCodes(env, tx, { ...to, client: { ...to.client, deviceToken: undefined } }, drawn),
  );
  return drawn.codes;
}

async function recoveryCode(world: World, sender: Sender): Promise<Act> {
  const [code] = await giveCodes(world, sender, 'api');
  return { fields: { code } };
}

/** A secret shown to the sender, and its code. */
async function otherSession({ env, clock }: World, { userId }: Sender): Promise<string> {
  const id = env.newId();
  const values = {
    ...{ id, token_hash: id, channel: 'page' as const, user_id: userId, created_at: clock.at, last_seen_at: clock.at },
    ...{ expires_at: clock.at + 3600, amr: 'pwd', second_factor_at: null, auth_time: clock.at, step_up_at: null },
    ...{ step_up_method: null, step_up_to: null, continue_to: '/', notice: null, device_id: null },
    ...{ address: null, user_agent: null },
  };
  await env.db.transaction((tx) => tx.insertInto('sessions').values(values).execute());
  return id;
}

async function waitingReset(world: World): Promise<Act> {
  const { env, clock } = world;
  const { params = {} } = await somebody({})(world, NOBODY);
  const asker = await world.addUser({ email: `${fresh('asks')}@portal.example`, role: 'csm' });
  const request = {
    ...{ id: env.newId(), user_id: params.person ?? '', requested_by: asker.id, requested_at: clock.at, ...WHY },
    ...{ checked_by: 'callback', check_note: 'office number', code_minutes: 60 },
  };
  await env.db.transaction((tx) => createResetRequest(tx, request, 0));
  return { params: { request: request.id } };
}

/** A mail to somebody that was given up. */
/** A request of a portal that waits in this browser. */
function portalRequest(fields: Readonly<Record<string, string>>): Recipe {
  return async (world) => {
    const formCookie = newToken(world.env.random);
    const resume = await waitingRequest(world, formCookie);
    return { fields: { ...fields, resume }, formCookie };
  };
}

async function undeliveredMail(world: World): Promise<Act> {
  const { env, clock } = world;
  const { params = {} } = await somebody({})(world, NOBODY);
  const id = params.person ?? '';
  const person = await findPerson(env.db.read, id);
  assert.ok(person);
  await env.db.transaction(async (tx) => {
    await queueMail(env, tx, person.user, { kind: 'set_up_asked' });
    const dead = { dead_at: clock.at, tries: 9, last_fault: 'refused' };
    await tx.updateTable('outbox').set(dead).where('recipient', '=', person.user.email).execute();
  });
  const row = env.db.read.selectFrom('outbox').select('id').where('recipient', '=', person.user.email);
  return { params: { person: id, mail: (await row.executeTakeFirstOrThrow()).id } };
}

/** A new secret that the sender may still see. */
async function shownSecret({ env, clock }: World, { userId }: Sender): Promise<Act> {
  const id = env.newId();
  const text = JSON.stringify({ kind: 'access_code', base: '/console/people', id: userId, name: 'Somebody' });
  const sealed_secret = env.keys.seal('shown-secret', { table: 'shown_secrets', rowId: id, userId }, text);
  const row = { id, user_id: userId, sealed_secret, expires_at: clock.at + 600 };
  await env.db.transaction((tx) => tx.insertInto('shown_secrets').values(row).execute());
  return { params: { secret: id } };
}

const NOBODY: Sender = { userId: '', rowId: '', token: '', partner: { id: '', slug: '' }, secret: '', email: '' };

function someClient(prepare?: (env: World['env'], actor: string, id: string) => Promise<unknown>): Recipe {
  return async ({ env }) => {
    const { client } = await makeClient(env);
    await prepare?.(env, 'command_line', client.id);
    return { params: { client: client.id } };
  };
}

/** A webhook, and a delivery to it that was given up. */
function someWebhook(values: object = {}): Recipe {
  return async ({ env, clock }) => {
    const made = await addWebhook(env, 'command_line', { url: 'https://hook.example/', events: ['user.mfa_reset'] });
    assert.ok(!isRefusal(made));
    const { id } = made.webhook;
    const delivery = {
      ...{ id: env.newId(), webhook_id: id, type: 'user.mfa_reset', payload: '{}', created_at: clock.at },
      ...{ next_try_at: clock.at, tries: 9, delivered_at: null, dead_at: clock.at, last_fault: 'status_500' },
    };
    await env.db.transaction(async (tx) => {
      await createDelivery(tx, delivery);
      if (Object.keys(values).length > 0) await tx.updateTable('webhooks').set(values).where('id', '=', id).execute();
    });
    return { params: { webhook: id, delivery: delivery.id } };
  };
}
