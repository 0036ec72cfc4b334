import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { parseBegin, parseEnd } from '#core/time/day.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { needReason, onPerson } from '#flows/administration/act.ts';
import { addApiKey, endApiKey, keyActor } from '#flows/administration/api-keys.ts';
import { exemptPerson } from '#flows/administration/exemption.ts';
import { disableClient } from '#flows/administration/openid-clients.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { takeAuthenticatorsOf } from '#flows/administration/take-authenticators.ts';
import { addWebhook } from '#flows/administration/webhooks.ts';
import { LINK_KINDS } from '#flows/runtime/mail.ts';
import { noteClientUse } from '#store/oidc/clients.ts';
import { addEventDays, setAdoptionDay } from '#store/partners/adoption.ts';
import { claimDelivery } from '#store/queue/delivery-queue.ts';
import { markMailDead } from '#store/queue/mail-deliveries.ts';
import { listMail } from '#store/queue/outbox.ts';
import { makeClient } from '../../stories/openid/client-story.ts';
import { type Picture, passwordOnly, type Stage, sendCode, takeOver } from '../ways.ts';
import { rollOutGallery } from './roll-out-gallery.ts';
import { settingsGallery } from './settings-gallery.ts';

const DAY_SECONDS = 24 * 60 * 60;
const NAMES = ['Ana Silva', 'Bo Lind', 'Chloé Martin', 'Dmitri Orlov', 'Eva Krause'];

type Scene = {
  readonly partner: string;
  readonly member: string;
  readonly invited: string;
  readonly disabled: string;
  readonly exempt: string;
  readonly reset: string;
  readonly colleague: string;
  readonly own: string;
  readonly newcomer: string;
  readonly request: string;
  readonly key: string;
  readonly webhook: string;
  readonly client: string;
  readonly former: string;
  readonly lost: string;
  /** The person whose MFA was reset. The mail about it was not delivered. */
  readonly mail: string;
};

let scenes = 0;

/** A partner with people in every state, and an administrator signed in in this browser. */
export async function openScene(stage: Stage): Promise<Scene> {
  const { world } = stage.site;
  const { env } = world;
  scenes += 1;
  const tag = `scene${scenes}`;
  const requiredFrom = parseBegin('2027-02-04') ?? 0;
  const { id: partner } = await world.addPartner({
    ...{ name: 'Harbor Insurance Group of North Europe', slug: tag, policy: 'required', requiredFrom },
  });
  const add = async (name: string, more: { password?: undefined } = {}) =>
    (
      await world.addUser({
        email: `${name.split(' ')[0]?.toLowerCase()}@${tag}.example`,
        name,
        partnerId: partner,
        ...more,
      })
    ).id;
  const [member = '', disabled = '', exempt = '', reset = ''] = await Promise.all(
    NAMES.slice(0, 4).map((name) => add(name)),
  );
  const invited = await add(NAMES[4] ?? '', { password: undefined });
  await world.addAuthenticator(member);
  const reason = 'on a ship until spring';
  await env.db.transaction((tx) =>
    tx.updateTable('users').set({ disabled_at: world.clock.at }).where('id', '=', disabled).execute(),
  );
  await exemptPerson(env, { id: exempt, actor: 'system', reason, until: parseEnd('2027-04-15') ?? 0 });
  const why = needReason({ reason: 'lost phone' });
  if (isRefusal(why)) throw new Error('the reason is none');
  await onPerson(env, { id: reset, actor: 'system' }, ({ tx, person }) =>
    takeAuthenticatorsOf(env, tx, person, { actor: 'system', ...why, codeExpiresAt: world.clock.at + 3600 }),
  );
  const programs = await addPrograms(stage, tag);
  const admin = await world.addUser({ email: `robin@${tag}.example`, name: 'Robin Weber', role: 'admin' });
  const colleague = await world.addUser({ email: `chris@${tag}.example`, name: 'Chris Meyer', role: 'csm' });
  const newcomer = await world.addUser({ email: `sam@${tag}.example`, role: 'csm', password: undefined });
  const request = env.newId();
  await env.db.transaction(async (tx) => {
    await tx.deleteFrom('reset_requests').execute();
    const asked = { requested_by: colleague.id, requested_at: world.clock.at, reason: 'lost phone', code_minutes: 60 };
    await tx
      .insertInto('reset_requests')
      .values({ id: request, user_id: member, ...asked, checked_by: 'callback', check_note: 'office number' })
      .execute();
  });
  const mail = await loseLastMail(stage);
  const secret = await world.addAuthenticator(admin.id);
  const visitor = world.person();
  await visitor.signIn(admin.email);
  await visitor.post('/sign-in/one-time-code', { code: world.totp(secret) });
  await takeOver(stage, visitor, '/help');
  return {
    partner,
    member,
    invited,
    disabled,
    exempt,
    reset,
    colleague: colleague.id,
    own: admin.id,
    newcomer: newcomer.id,
    request,
    mail,
    ...programs,
  };
}

/** The mail about a reset bounces. Answers its id. */
async function loseLastMail({ site }: Stage): Promise<string> {
  const { env, clock } = site.world;
  const mails = await listMail(env.db.read, 100);
  const { id = '' } = mails.find(({ kind }) => kind === 'mfa_reset') ?? {};
  const fault = 'EENVELOPE RCPT TO 550 5.1.1';
  await env.db.transaction((tx) => claimDelivery(tx, 'outbox', id, { now: clock.at, untilAt: clock.at + 90 }));
  await env.db.transaction((tx) => markMailDead(tx, id, { now: clock.at, fault, linkKinds: LINK_KINDS }));
  return id;
}

/** A live key and a revoked one; a webhook with a delivery that was accepted and one that failed for good. */
async function addPrograms({ site }: Stage, slug: string) {
  const { env, clock } = site.world;
  const scopes = { scopes: SCOPES, expiresAt: undefined };
  const made = await addApiKey(env, 'system', { name: 'Customer relations', ...scopes });
  const old = await addApiKey(env, 'system', { name: 'Former import', ...scopes });
  const url = 'https://crm.example.com/hooks/sallyport';
  const hook = await addWebhook(env, 'system', { url, events: WEBHOOK_EVENTS });
  const lost = await addWebhook(env, 'system', { url: 'https://nobody.example.com/hook', events: WEBHOOK_EVENTS });
  if (isRefusal(made) || isRefusal(old) || isRefusal(hook) || isRefusal(lost)) throw new Error('a scene is refused');
  await endApiKey(env, 'system', old.apiKey.id);
  const authority = { kind: 'apiKey', apiKey: { ...made.apiKey, grantedFor: 'partners:write' } } as const;
  const byKey = { id: keyActor(made.apiKey), client: undefined, authority };
  await changeMfaPolicy(env, byKey, slug, { policy: 'required' });
  await env.db.transaction(async (tx) => {
    await tx.updateTable('webhook_deliveries').set({ delivered_at: clock.at, tries: 1 }).execute();
    const gaveUp = { disabled_at: clock.at, disabled_because: 'failing' as const };
    await tx.updateTable('webhooks').set(gaveUp).where('id', '=', lost.webhook.id).execute();
  });
  return { key: made.apiKey.id, webhook: hook.webhook.id, lost: lost.webhook.id, ...(await addClients(env, slug)) };
}

/** A client with every possible fact, and a disabled one. */
async function addClients(env: Env, slug: string) {
  const { client } = await makeClient(env, {
    ...{ name: 'Partner Portal', partners: [slug], isThirdParty: true, isBackchannelInternal: true },
    redirectUris: ['https://portal.example.com/sign-in/callback', 'http://localhost:8080/sign-in/callback'],
    postLogoutRedirectUris: ['https://portal.example.com/'],
    backchannelLogoutUri: 'https://portal.internal/signed-out',
  });
  const { client: former } = await makeClient(env, { name: 'Former app', type: 'browser' });
  await disableClient(env, 'command_line', former.id);
  await env.db.transaction((tx) => noteClientUse(tx, client.id, env.now()));
  return { client: client.id, former: former.id };
}

function at(path: (scene: Scene) => string): Picture {
  return async (stage) => stage.page.goto(path(await openScene(stage)));
}

/** Submits the form of the page as it is, or with an invalid value. */
function refused(path: (scene: Scene) => string): Picture {
  return async (stage) => {
    await stage.page.goto(path(await openScene(stage)));
    await stage.page.locator('.card form .button[type=submit]').last().click();
  };
}

/** The form of a client with typical values. */
async function describeClient(stage: Stage): Promise<void> {
  await openScene(stage);
  await stage.page.goto('/console/clients/new');
  await stage.page.locator('#name').fill('Partner Portal');
  await stage.page.locator('#redirect_uris').fill('https://portal.example.com/sign-in/callback');
}

const one = (act: string, who: keyof Scene = 'member') => at((scene) => `/console/people/${scene[who]}${act}`);
const partner = (act: string) => at((scene) => `/console/partners/${scene.partner}${act}`);
const staff = (act: string, who: keyof Scene = 'colleague') => at((scene) => `/console/staff/${scene[who]}${act}`);

/** A person whose MFA was reset, in the browser, at the page for the access code. */
const inFrontOfCode: Picture = async (stage) => {
  const { site, page } = stage;
  const scene = await openScene(stage);
  await page.context().clearCookies();
  const row = await site.world.env.db.read
    .selectFrom('users')
    .select('email')
    .where('id', '=', scene.reset)
    .executeTakeFirstOrThrow();
  const visitor = site.world.person();
  await visitor.signIn(row.email);
  await takeOver(stage, visitor, '/enroll/access-code');
};

export const CONSOLE_GALLERY: Readonly<Record<string, Picture>> = {
  'access-code': inFrontOfCode,
  'access-code-refused': async (stage) => {
    await inFrontOfCode(stage);
    await sendCode(stage.page, '7KQ2-M9XT-BD4H-FVA8');
  },
  'security-access-code': async (stage) => {
    await passwordOnly(stage, '/security/authenticator/access-code');
  },
  'console-partners': at(() => '/console/partners'),
  ...rollOutGallery({ at, openScene, fillAdoption }),
  ...settingsGallery(openScene),
  'console-audit': at(() => '/console/audit'),
  'console-audit-none': at(() => '/console/audit?person=nobody%40at.example'),
  'console-audit-export': at(() => '/console/audit/export?action=user.mfa_reset'),
  'console-partners-none': at(() => '/console/partners?q=nobody+at+all'),
  'console-partner': partner(''),
  'console-partner-done': partner('?done=policy'),
  'console-partner-new': at(() => '/console/partners/new'),
  'console-partner-new-refused': refused(() => '/console/partners/new'),
  'console-policy': partner('/policy'),
  'console-policy-preview': partner('/policy?policy=now&from='),
  'console-policy-refused': partner('/policy?policy=date&from='),
  'console-rename': partner('/rename'),
  'console-archive': partner('/archive'),
  'console-restore': partner('/restore'),
  'console-partner-resets': partner('/resets'),
  'console-partner-trusted': partner('/trusted-devices'),
  'console-invite': partner('/people/new'),
  'console-invite-refused': refused((scene) => `/console/partners/${scene.partner}/people/new`),
  'console-person': one(''),
  'console-person-exempt': one('', 'exempt'),
  'console-person-reset': one('', 'reset'),
  'console-disable': one('/disable'),
  'console-disable-refused': refused((scene) => `/console/people/${scene.member}/disable`),
  'console-delete': one('/delete', 'disabled'),
  'console-delete-refused': refused((scene) => `/console/people/${scene.disabled}/delete`),
  'console-enable': one('/enable', 'disabled'),
  'console-unlock': one('/unlock'),
  'console-exempt': one('/exempt', 'reset'),
  'console-unexempt': one('/unexempt', 'exempt'),
  'console-link': one('/link'),
  'console-invitation': one('/invitation', 'invited'),
  'console-mail': at((scene) => `/console/people/${scene.reset}/mail/${scene.mail}`),
  'console-reset': one('/reset-mfa'),
  'console-reset-refused': async (stage) => {
    const scene = await openScene(stage);
    await stage.page.goto(`/console/people/${scene.member}/reset-mfa`);
    await stage.page.locator('#reason').fill('lost phone');
    await stage.page.locator('.card .danger').click();
  },
  'console-reset-done': async (stage) => {
    const scene = await openScene(stage);
    await resetWith(stage, `/console/people/${scene.member}/reset-mfa`);
  },
  'console-access-code': one('/access-code', 'reset'),
  'console-resets': at(() => '/console/resets'),
  'console-approve': at((scene) => `/console/resets/${scene.request}/approve`),
  'console-decline': at((scene) => `/console/resets/${scene.request}/decline`),
  'console-staff': at(() => '/console/staff'),
  'console-staff-new': at(() => '/console/staff/new'),
  'console-staff-member': staff(''),
  'console-staff-role': staff('/role'),
  'console-staff-disable': staff('/disable'),
  'console-staff-ends': async (stage) => {
    const scene = await openScene(stage);
    const { db } = stage.site.world.env;
    const made_by = scene.colleague;
    await db.transaction(async (tx) => {
      await tx.updateTable('users').set({ role: 'admin' }).where('id', '=', scene.colleague).execute();
      await tx.updateTable('api_keys').set({ created_by: scene.colleague }).execute();
      const link = {
        id: made_by,
        token_hash: made_by,
        purpose: 'invitation' as const,
        user_id: scene.newcomer,
        made_by,
      };
      const times = { created_at: 0, expires_at: stage.site.world.clock.at + 60, used_at: null };
      await tx
        .insertInto('links')
        .values({ ...link, ...times })
        .execute();
    });
    await stage.page.goto(`/console/staff/${scene.colleague}/disable`);
  },
  'console-keys-ended': async (stage) => {
    const scene = await openScene(stage);
    await stage.site.world.env.db.transaction(async (tx) => {
      await tx.updateTable('api_keys').set({ created_by: scene.own }).execute();
      const ended = { revoked_because: 'maker_disabled' as const };
      await tx.updateTable('api_keys').set(ended).where('revoked_at', 'is not', null).execute();
    });
    await stage.page.goto('/console/api-keys');
  },
  'console-staff-disable-refused': async (stage) => {
    const scene = await openScene(stage);
    await stage.page.goto(`/console/staff/${scene.colleague}/disable`);
    await submitDanger(stage);
  },
  'console-staff-enable': staff('/enable'),
  'console-staff-own': staff('', 'own'),
  'console-staff-reset': staff('/reset-mfa'),
  'console-staff-reset-done': async (stage) => {
    const scene = await openScene(stage);
    await resetWith(stage, `/console/staff/${scene.colleague}/reset-mfa`);
    await stage.page.locator('.card .actions a').last().click();
  },
  'console-staff-access-code': async (stage) => {
    const { colleague } = await openScene(stage);
    await resetWith(stage, `/console/staff/${colleague}/reset-mfa`);
    await stage.page.goto(`/console/staff/${colleague}/access-code`);
  },
  'console-staff-invitation': staff('/invitation', 'newcomer'),
  'console-keys': at(() => '/console/api-keys'),
  'console-key-new': at(() => '/console/api-keys/new'),
  'console-key-refused': refused(() => '/console/api-keys/new'),
  'console-key-made': async (stage) => {
    await openScene(stage);
    await stage.page.goto('/console/api-keys/new');
    await stage.page.locator('#name').fill('Customer relations');
    await stage.page.locator('[name="users:read"]').check();
    await stage.page.locator('.card form .primary').last().click();
  },
  'console-key-revoke': at((scene) => `/console/api-keys/${scene.key}/revoke`),
  'console-clients': at(() => '/console/clients'),
  'console-client': at((scene) => `/console/clients/${scene.client}`),
  'console-client-former': at((scene) => `/console/clients/${scene.former}`),
  'console-client-new': at(() => '/console/clients/new'),
  'console-client-refused': refused(() => '/console/clients/new'),
  'console-client-refused-within': async (stage) => {
    await describeClient(stage);
    await stage.page.locator('.more > summary').click();
    await stage.page.locator('#partners').fill('nobody');
    await stage.page.locator('.card form .primary').last().click();
  },
  'console-client-made': async (stage) => {
    await describeClient(stage);
    await stage.page.locator('.card form .primary').last().click();
  },
  'console-client-new-secret': at((scene) => `/console/clients/${scene.client}/new-secret`),
  'console-client-disable': at((scene) => `/console/clients/${scene.client}/disable`),
  'console-client-enable': at((scene) => `/console/clients/${scene.former}/enable`),
  'console-webhooks': at(() => '/console/webhooks'),
  'console-webhook': at((scene) => `/console/webhooks/${scene.webhook}`),
  'console-webhook-new': at(() => '/console/webhooks/new'),
  'console-webhook-made': async (stage) => {
    const scene = await openScene(stage);
    await stage.page.goto(`/console/webhooks/${scene.webhook}/rotate`);
    await stage.page.locator('.card form .button[type=submit]').last().click();
  },
  'console-secret-gone': at(() => '/console/secrets/nothing'),
  'console-webhook-refused': refused(() => '/console/webhooks/new'),
  'console-webhook-rotate': at((scene) => `/console/webhooks/${scene.webhook}/rotate`),
  'console-webhook-disable': at((scene) => `/console/webhooks/${scene.webhook}/disable`),
  'console-webhook-enable': at((scene) => `/console/webhooks/${scene.lost}/enable`),
  'console-missing': at(() => '/console/people/nobody'),
};

/** A month of data for the curve, and sign-ins of every kind. */
async function fillAdoption({ site }: Stage): Promise<void> {
  const { env, clock } = site.world;
  const today = clock.at - (clock.at % DAY_SECONDS);
  const kinds = [
    ['sign_in.completed', 'pwd otp mfa', 940],
    ['sign_in.completed', 'pwd mfa', 22],
    ['sign_in.completed', 'pwd', 61],
    ['sign_in.password_refused', 'wrong_password', 57],
    ['sign_in.code_refused', 'code_already_used', 9],
  ] as const;
  await env.db.transaction(async (tx) => {
    for (let ago = 30; ago > 0; ago--) {
      const day = today - ago * DAY_SECONDS;
      await setAdoptionDay(tx, { day, people: 40 + (30 - ago), enrolled: 2 * (30 - ago) });
    }
    await addEventDays(
      tx,
      kinds.map(([action, reason, count]) => ({ day: today, action, reason, count })),
    );
  });
}

async function resetWith(stage: Stage, path: string): Promise<void> {
  const { page } = stage;
  await page.goto(path);
  await page.locator('#reason').fill('lost phone');
  await page.locator('#checked_by').check();
  await page.locator('#check_note').fill('called back at the office');
  await submitDanger(stage);
}

async function submitDanger({ page }: Stage): Promise<void> {
  await page.locator('.card .danger').click();
}

const ONE = '/console/people/:person';
const PARTNER = '/console/partners/:partner';
const STAFF = '/console/staff/:person';

/** The pictures that show each page of the console. */
export const CONSOLE_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/console/partners': ['console-partners'],
  '/console/adoption': ['console-adoption'],
  '/console/audit': ['console-audit', 'console-audit-none'],
  '/console/audit/export': ['console-audit-export'],
  '/console/partners/new': ['console-partner-new'],
  [PARTNER]: ['console-partner'],
  [`${PARTNER}/policy`]: ['console-policy', 'console-policy-preview'],
  [`${PARTNER}/rename`]: ['console-rename'],
  [`${PARTNER}/archive`]: ['console-archive'],
  [`${PARTNER}/restore`]: ['console-restore'],
  [`${PARTNER}/resets`]: ['console-partner-resets'],
  [`${PARTNER}/trusted-devices`]: ['console-partner-trusted'],
  [`${PARTNER}/people/new`]: ['console-invite'],
  [ONE]: ['console-person', 'console-person-exempt', 'console-person-reset'],
  [`${ONE}/disable`]: ['console-disable'],
  [`${ONE}/delete`]: ['console-delete'],
  [`${ONE}/enable`]: ['console-enable'],
  [`${ONE}/unlock`]: ['console-unlock'],
  [`${ONE}/exempt`]: ['console-exempt'],
  [`${ONE}/unexempt`]: ['console-unexempt'],
  [`${ONE}/link`]: ['console-link'],
  [`${ONE}/invitation`]: ['console-invitation'],
  [`${ONE}/mail/:mail`]: ['console-mail'],
  [`${ONE}/reset-mfa`]: ['console-reset'],
  [`${ONE}/access-code`]: ['console-access-code'],
  '/console/secrets/:secret': ['console-reset-done', 'console-key-made', 'console-webhook-made', 'console-client-made'],
  '/console/resets': ['console-resets'],
  '/console/resets/:request/approve': ['console-approve'],
  '/console/resets/:request/decline': ['console-decline'],
  '/console/api-keys': ['console-keys', 'console-keys-ended'],
  '/console/api-keys/new': ['console-key-new'],
  '/console/api-keys/:key/revoke': ['console-key-revoke'],
  '/console/clients': ['console-clients'],
  '/console/clients/new': ['console-client-new'],
  '/console/clients/:client': ['console-client', 'console-client-former'],
  '/console/clients/:client/new-secret': ['console-client-new-secret'],
  '/console/clients/:client/disable': ['console-client-disable'],
  '/console/clients/:client/enable': ['console-client-enable'],
  '/console/webhooks': ['console-webhooks'],
  '/console/webhooks/new': ['console-webhook-new'],
  '/console/webhooks/:webhook': ['console-webhook'],
  '/console/webhooks/:webhook/rotate': ['console-webhook-rotate'],
  '/console/webhooks/:webhook/disable': ['console-webhook-disable'],
  '/console/webhooks/:webhook/enable': ['console-webhook-enable'],
  '/console/staff': ['console-staff'],
  '/console/staff/new': ['console-staff-new'],
  [STAFF]: ['console-staff-member', 'console-staff-own', 'console-staff-reset-done'],
  [`${STAFF}/reset-mfa`]: ['console-staff-reset'],
  [`${STAFF}/access-code`]: ['console-staff-access-code'],
  [`${STAFF}/role`]: ['console-staff-role'],
  [`${STAFF}/disable`]: ['console-staff-disable', 'console-staff-ends'],
  [`${STAFF}/enable`]: ['console-staff-enable'],
  [`${STAFF}/invitation`]: ['console-staff-invitation'],
};

export const CONSOLE_NO_PAGE = [
  ...['/console', '/console/partners.csv', `${PARTNER}/people.csv`, '/console/audit/export/file'],
  ...['days', 'sign-ins', 'overdue'].map((file) => `/console/adoption/${file}.csv`),
];
