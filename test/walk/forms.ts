import assert from 'node:assert/strict';
import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { withResume } from '#core/sessions/resume.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { makeEmailLink, makeLink } from '#flows/administration/make-link.ts';
import { disableClient } from '#flows/administration/openid-clients.ts';
import { addWebhook, stopWebhook } from '#flows/administration/webhooks.ts';
import { makeAccessCode } from '#flows/authenticators/access-code.ts';
import { drawRecoveryCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { findPerson } from '#store/people/users.ts';
import { BULK_FORMS } from '../stories/console/bulk/bulk-walk.ts';
import { enterStaff } from '../stories/console/console-story.ts';
import { makeClient } from '../stories/openid/client-story.ts';
import { waitingRequest } from '../stories/openid/waiting-request.ts';
import { PASSWORD, type Person, type World } from '../world.ts';
import { PEOPLE_FORMS } from './console/people.ts';
import { ROLL_OUT_FORMS } from './console/roll-out.ts';
import { APP_FORMS, ana, SESSION_FORMS, secretOf, signedIn, TRUST_FORMS } from './second-factors/apps.ts';
import { PASSKEY_FORMS } from './second-factors/passkeys.ts';
import { TEAM_FORMS } from './team.ts';

/** A form ready to submit: its browser, its page, its address, and valid fields. */
export type Ready = {
  readonly browser: Person;
  readonly action: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Its page, if that has another address. */
  readonly from?: string;
};

type Prepare = (world: World) => Promise<Ready>;

const WHY = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };
const CLIENT = { requestId: 'walk', address: undefined, userAgent: undefined, deviceToken: undefined };
const NEW_PASSWORD = 'marble canyon thirteen owls';

async function atCode(world: World) {
  const { user } = await ana(world);
  const secret = await world.addAuthenticator(user.id);
  const browser = world.person();
  await browser.signIn(user.email);
  return { user, secret, browser };
}

async function atPrompt(world: World) {
  const { user } = await ana(world);
  const browser = world.person();
  await browser.signIn(user.email);
  return { user, browser };
}

/** A form of the console about a person of a partner. */
function about(
  path: string,
  fields = {},
  before: (world: World, id: string) => Promise<unknown> = async () => {},
): Prepare {
  return async (world) => {
    const { user } = await ana(world);
    await before(world, user.id);
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: `/console/people/${user.id}/${path}`, fields };
  };
}

function aboutStaff(
  path: string,
  fields = {},
  before: (world: World, id: string) => Promise<unknown> = async () => {},
): Prepare {
  return async (world) => {
    const staff = await world.addUser({ email: 'sam@portal.example', role: 'csm', name: 'Sam' });
    await before(world, staff.id);
    const browser = await enterStaff(world, 'admin', 'robin@portal.example');
    return { browser, action: `/console/staff/${staff.id}/${path}`, fields };
  };
}

function aboutPartner(path: string, fields = {}, role: 'csm' | 'admin' = 'csm'): Prepare {
  return async (world) => {
    const { partner } = await ana(world);
    const browser = await enterStaff(world, role, 'robin@portal.example');
    return { browser, action: `/console/partners/${partner.id}/${path}`, fields };
  };
}

/** The page that says what a policy does, before it is set. */
function aboutChoice(path: string, policy: string): Prepare {
  return async (world) => {
    const ready = await aboutPartner(path, { policy, from: '' })(world);
    return { ...ready, from: `${ready.action}?policy=${policy}&from=` };
  };
}

function ofAdmin(action: string, fields: Readonly<Record<string, string>>): Prepare {
  return async (world) => ({ browser: await enterStaff(world, 'admin', 'robin@portal.example'), action, fields });
}

function aboutWebhook(path: string, before: (world: World, id: string) => Promise<unknown> = async () => {}): Prepare {
  return async (world) => {
    const made = await addWebhook(world.env, 'command_line', { url: 'https://a.example/', events: WEBHOOK_EVENTS });
    assert.ok(!isRefusal(made));
    await before(world, made.webhook.id);
    const browser = await enterStaff(world, 'admin', 'robin@portal.example');
    return { browser, action: `/console/webhooks/${made.webhook.id}/${path}` };
  };
}

function aboutClient(path: string, before: (world: World, id: string) => Promise<unknown> = async () => {}): Prepare {
  return async (world) => {
    const { client } = await makeClient(world.env);
    await before(world, client.id);
    const browser = await enterStaff(world, 'admin', 'robin@portal.example');
    return { browser, action: `/console/clients/${client.id}/${path}` };
  };
}

function aboutRequest(path: string): Prepare {
  return async (world) => {
    const { user } = await ana(world);
    const asker = await world.addUser({ email: 'asker@portal.example', role: 'csm' });
    const id = world.env.newId();
    const asked = { requested_by: asker.id, requested_at: world.clock.at, reason: 'lost', code_minutes: 60 };
    const row = { id, user_id: user.id, ...asked, checked_by: 'callback', check_note: 'office' };
    await world.env.db.transaction((tx) => tx.insertInto('reset_requests').values(row).execute());
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: `/console/resets/${id}/${path}` };
  };
}

async function giveCode(world: World, userId: string): Promise<string> {
  const found = await findPerson(world.env.db.read, userId);
  assert.ok(found);
  const typed = { user: found.user, expiresAt: world.clock.at + 3600 };
  return (await world.env.db.transaction((tx) => makeAccessCode(world.env, tx, typed, 'command_line'))).code;
}

async function giveRecoveryCode(world: World, userId: string): Promise<string> {
  const found = await findPerson(world.env.db.read, userId);
  const fresh = await drawRecoveryCodes(world.env, userId, CLIENT);
  assert.ok(found && !isRefusal(fresh));
  const to = { user: found.user, channel: 'api' as const, client: CLIENT };
  await world.env.db.transaction((tx) => issueRecoveryCodes(world.env, tx, to, fresh));
  return fresh.codes[0] ?? '';
}

/** Signed in, at a page of a portal's request. */
async function atPortal(world: World, action: string, fields: Readonly<Record<string, string>>): Promise<Ready> {
  const { browser } = await signedIn(world);
  const formCookie = browser.cookies.get('__Host-sallyport-form') ?? '';
  const resume = await waitingRequest(world, formCookie, 'Browser/1');
  return { browser, action, from: withResume(action, resume), fields: { ...fields, resume } };
}

async function emailPath(world: World, link: Parameters<typeof makeEmailLink>[2]): Promise<string> {
  return new URL(await world.env.db.transaction((tx) => makeEmailLink(world.env, tx, link))).pathname;
}

function set(table: 'users', values: Record<string, number>) {
  return (world: World, id: string) =>
    world.env.db.transaction((tx) => tx.updateTable(table).set(values).where('id', '=', id).execute());
}

/** Every form in the table of routes, ready to submit. */
export const FORMS: Readonly<Record<string, Prepare>> = {
  '/sign-in': async (world) => {
    const partner = await world.addPartner({ policy: 'off' });
    const { email } = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
    return { browser: world.person(), action: '/sign-in', fields: { email, password: PASSWORD } };
  },
  '/sign-in/one-time-code': async (world) => {
    const { browser, secret } = await atCode(world);
    return { browser, action: '/sign-in/one-time-code', fields: { code: world.totp(secret) } };
  },
  '/sign-in/recovery-code': async (world) => {
    const { browser, user } = await atCode(world);
    const code = await giveRecoveryCode(world, user.id);
    return { browser, action: '/sign-in/recovery-code', fields: { code } };
  },
  '/enroll': async (world) => ({ ...(await atPrompt(world)), action: '/enroll' }),
  '/enroll/skip': async (world) => ({ ...(await atPrompt(world)), action: '/enroll/skip', from: '/enroll' }),
  '/enroll/access-code': async (world) => {
    const { browser, user } = await atPrompt(world);
    const code = await giveCode(world, user.id);
    return { browser, action: '/enroll/access-code', fields: { code } };
  },
  '/enroll/authenticator': async (world) => {
    const { browser } = await atPrompt(world);
    await browser.post('/enroll');
    const code = world.totp(await secretOf(browser, '/enroll/authenticator'));
    return { browser, action: '/enroll/authenticator', fields: { code } };
  },
  '/enroll/recovery-codes': async (world) => {
    const { browser } = await signedIn(world);
    await browser.post('/security/recovery-codes');
    return { browser, action: '/enroll/recovery-codes', fields: { saved: 'yes' } };
  },
  '/step-up': async (world) => {
    const { browser, secret } = await signedIn(world);
    world.clock.at += 600;
    return { browser, action: '/step-up', fields: { code: world.totp(secret) } };
  },
  '/step-up/recovery-code': async (world) => {
    const { browser, user } = await signedIn(world);
    const code = await giveRecoveryCode(world, user.id);
    world.clock.at += 600;
    return { browser, action: '/step-up/recovery-code', fields: { code } };
  },
  '/security/authenticator/start': async (world) => ({
    ...(await signedIn(world)),
    ...{ action: '/security/authenticator/start', from: '/security/authenticator' },
  }),
  '/security/authenticator/access-code': async (world) => {
    const { user } = await ana(world);
    const browser = world.person();
    await browser.signIn(user.email);
    await browser.get('/enroll');
    await browser.post('/enroll/skip');
    const code = await giveCode(world, user.id);
    await browser.post('/step-up', { password: PASSWORD });
    return { browser, action: '/security/authenticator/access-code', fields: { code } };
  },
  '/security/authenticator/cancel': async (world) => {
    const { browser } = await signedIn(world);
    await browser.get('/security/authenticator');
    await browser.post('/security/authenticator/start');
    return { browser, action: '/security/authenticator/cancel', from: '/security/authenticator' };
  },
  '/security/authenticator': async (world) => {
    const { browser } = await signedIn(world);
    await browser.get('/security/authenticator');
    await browser.post('/security/authenticator/start');
    const code = world.totp(await secretOf(browser, '/security/authenticator'));
    return { browser, action: '/security/authenticator', fields: { code } };
  },
  '/security/authenticator/turn-off': async (world) => ({
    ...(await signedIn(world)),
    ...{ action: '/security/authenticator/turn-off', from: '/security/authenticator' },
  }),
  ...APP_FORMS,
  ...SESSION_FORMS,
  ...TRUST_FORMS,
  ...BULK_FORMS,
  ...PASSKEY_FORMS,
  ...PEOPLE_FORMS,
  ...ROLL_OUT_FORMS,
  '/security/recovery-codes': async (world) => ({ ...(await signedIn(world)), action: '/security/recovery-codes' }),
  '/security/password': async (world) => {
    const { browser } = await signedIn(world);
    return { browser, action: '/security/password', fields: { current: PASSWORD, new: NEW_PASSWORD } };
  },
  '/security/email': async (world) => {
    const { browser } = await signedIn(world);
    return { browser, action: '/security/email', fields: { email: 'new@acme.example', current: PASSWORD } };
  },
  '/email/:token': async (world) => {
    const { browser, user } = await signedIn(world);
    const link = { purpose: 'confirm', userId: user.id, email: 'new@acme.example' } as const;
    return { browser, action: await emailPath(world, link) };
  },
  '/email-revert/:token': async (world) => {
    const { user } = await ana(world);
    const link = { purpose: 'revert', userId: user.id, email: 'old@acme.example' } as const;
    return { browser: world.person(), action: await emailPath(world, link) };
  },
  '/forgot-password': async (world) => {
    const { user } = await ana(world);
    return { browser: world.person(), action: '/forgot-password', fields: { email: user.email } };
  },
  '/password/:token': async (world) => {
    const { user } = await ana(world);
    const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, { purpose: 'reset', userId: user.id }));
    return { browser: world.person(), action: new URL(link.url).pathname, fields: { password: NEW_PASSWORD } };
  },
  '/invitation/:token': async (world) => {
    const partner = await world.addPartner();
    const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, password: undefined });
    const to = { purpose: 'invitation', userId: bo.id } as const;
    const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, to));
    const fields = { name: 'Bo Lind', password: NEW_PASSWORD };
    return { browser: world.person(), action: new URL(link.url).pathname, fields };
  },
  '/sign-out': async (world) => ({ ...(await signedIn(world)), action: '/sign-out', from: '/' }),
  '/language': async (world) => {
    const fields = { language: 'de', return_to: '/help' };
    return { browser: world.person(), action: '/language', from: '/help', fields };
  },
  '/consent': async (world) => atPortal(world, '/consent', { answer: 'allow' }),
  '/oidc/choose': async (world) => atPortal(world, '/oidc/choose', {}),
  '/oidc/sign-out/confirm': async (world) => ({
    ...(await signedIn(world)),
    ...{ action: '/oidc/sign-out/confirm', from: '/oidc/sign-out' },
  }),
  '/console/api-keys/new': ofAdmin('/console/api-keys/new', { name: 'CRM', 'users:read': 'yes', expires: '' }),
  '/console/api-keys/:key/revoke': async (world) => {
    const made = await addApiKey(world.env, 'command_line', { name: 'CRM', scopes: SCOPES, expiresAt: undefined });
    assert.ok(!isRefusal(made));
    return ofAdmin(`/console/api-keys/${made.apiKey.id}/revoke`, {})(world);
  },
  '/console/secrets/:secret': async (world) => {
    const browser = await enterStaff(world, 'admin', 'robin@portal.example');
    const made = await browser.post('/console/api-keys/new', { name: 'CRM', 'users:read': 'yes', expires: '' });
    return { browser, action: made.location ?? '' };
  },
  '/console/partners/:partner/archive': aboutPartner('archive', WHY),
  '/console/partners/:partner/restore': aboutPartner('restore'),
  '/console/partners/:partner/resets': aboutPartner('resets', {}, 'admin'),
  '/console/partners/:partner/trusted-devices': aboutPartner('trusted-devices', { allowed: 'yes' }),
  '/console/partners/:partner/rename': aboutPartner('rename', { name: 'Acme Group' }),
  '/console/partners/:partner/policy': aboutChoice('policy', 'now'),
  '/console/partners/:partner/passkeys': aboutChoice('passkeys', 'off'),
  '/console/partners/:partner/passkeys/remind': aboutPartner('passkeys/remind'),
  '/console/partners/:partner/people/new': aboutPartner('people/new', {
    ...{ email: 'bo@acme.example', name: 'Bo', role: 'member' },
  }),
  '/console/people/:person/access-code': about('access-code', { minutes: '10' }, giveCode),
  '/console/people/:person/mail/:mail': async (world) => {
    const { user } = await ana(world);
    const found = await findPerson(world.env.db.read, user.id);
    assert.ok(found);
    await world.env.db.transaction(async (tx) => {
      await queueMail(world.env, tx, found.user, { kind: 'set_up_asked' });
      await tx.updateTable('outbox').set({ dead_at: world.clock.at, tries: 9, last_fault: 'refused' }).execute();
    });
    const { id } = await world.env.db.read.selectFrom('outbox').select('id').executeTakeFirstOrThrow();
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: `/console/people/${user.id}/mail/${id}` };
  },
  '/console/people/:person/reset-mfa': about('reset-mfa', WHY),
  '/console/people/:person/disable': about('disable', { reason: 'left' }),
  '/console/people/:person/enable': about('enable', { reason: 'is back' }, set('users', { disabled_at: 1 })),
  '/console/people/:person/delete': about('delete', { reason: 'left' }, set('users', { disabled_at: 1 })),
  '/console/people/:person/unlock': about('unlock', { reason: 'called' }),
  '/console/people/:person/exempt': async (world) => {
    const until = new Date((world.clock.at + 5 * 86_400) * 1000).toISOString().slice(0, 10);
    return about('exempt', { reason: 'on a ship', until })(world);
  },
  '/console/people/:person/unexempt': about(...(['unexempt', { reason: 'is back' }] as const), (world, id) =>
    set('users', { exempt_until: world.clock.at + 86_400 })(world, id),
  ),
  '/console/people/:person/link': about('link'),
  '/console/people/:person/invitation': async (world) => {
    const { partner } = await ana(world);
    const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, password: undefined });
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: `/console/people/${bo.id}/invitation` };
  },
  '/console/resets/:request/approve': aboutRequest('approve'),
  '/console/resets/:request/decline': aboutRequest('decline'),
  '/console/staff/new': ofAdmin('/console/staff/new', { email: 'kim@portal.example', name: 'Kim', role: 'csm' }),
  '/console/staff/:person/access-code': aboutStaff('access-code', { minutes: '10' }, giveCode),
  '/console/staff/:person/reset-mfa': aboutStaff('reset-mfa', WHY),
  '/console/staff/:person/disable': aboutStaff('disable', { reason: 'left' }),
  '/console/staff/:person/enable': aboutStaff('enable', { reason: 'is back' }, set('users', { disabled_at: 1 })),
  '/console/staff/:person/role': aboutStaff('role'),
  '/console/staff/:person/invitation': async (world) => {
    const kim = await world.addUser({ email: 'kim@portal.example', role: 'csm', password: undefined });
    const browser = await enterStaff(world, 'admin', 'robin@portal.example');
    return { browser, action: `/console/staff/${kim.id}/invitation` };
  },
  '/console/clients/new': ofAdmin('/console/clients/new', {
    ...{ name: 'Portal', type: 'web', redirect_uris: 'https://portal.example/callback', partners: '' },
  }),
  '/console/clients/:client/disable': aboutClient('disable'),
  '/console/clients/:client/enable': aboutClient('enable', (world, id) => disableClient(world.env, 'command_line', id)),
  '/console/clients/:client/new-secret': aboutClient('new-secret'),
  '/console/webhooks/new': ofAdmin('/console/webhooks/new', { url: 'https://a.example/', 'user.mfa_reset': 'yes' }),
  '/console/webhooks/:webhook/rotate': aboutWebhook('rotate'),
  '/console/webhooks/:webhook/disable': aboutWebhook('disable'),
  '/console/webhooks/:webhook/enable': aboutWebhook('enable', (world, id) =>
    stopWebhook(world.env, 'command_line', id),
  ),
  '/console/webhooks/:webhook/replay/:delivery': async (world) => {
    const delivery = world.env.newId();
    const ready = await aboutWebhook(`replay/${delivery}`, async (_, webhook) => {
      const sent = { type: 'user.mfa_reset', payload: '{}', created_at: 1, next_try_at: 1, tries: 1 };
      const row = { id: delivery, webhook_id: webhook, ...sent, delivered_at: 1, dead_at: null, last_fault: null };
      await world.env.db.transaction((tx) => tx.insertInto('webhook_deliveries').values(row).execute());
    })(world);
    return { ...ready, from: ready.action.replace(/\/replay.*/, '') };
  },
  ...TEAM_FORMS,
};
