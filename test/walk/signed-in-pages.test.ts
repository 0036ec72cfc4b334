import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { withResume } from '#core/sessions/resume.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { addWebhook } from '#flows/administration/webhooks.ts';
import { changeSetting } from '#flows/instance/change.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { findPerson } from '#store/people/users.ts';
import { someImport, someJob } from '../stories/console/bulk/bulk-walk.ts';
import { enterStaff } from '../stories/console/console-story.ts';
import { makeClient } from '../stories/openid/client-story.ts';
import { waitingRequest } from '../stories/openid/waiting-request.ts';
import { phone } from '../stories/passkeys/passkey-story.ts';
import { storePasskey } from '../stories/passkeys/stored.ts';
import { openWorld, type Person, type World } from '../world.ts';
import { knowBrowser } from './console/people.ts';
import { settleTeam } from './team.ts';
import { pathOf, TABLE } from './walk.ts';

const NAME = 'Aurelia Quist';
const COMPANY = 'Zephyr Telecom';
const EMAIL = 'a.q@zephyr.example';

const PAGES = TABLE.filter(({ method, route }) => method === 'GET' && route?.channel === 'page');
/** Pages for the request of a portal. */
const OF_PORTALS = ['/consent', '/oidc/choose'];
const SHOWS_A_FILE = ['/enroll/recovery-codes.txt', '/team/people.csv'];

async function worldWithAurelia(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner({ name: COMPANY, slug: 'zephyr', policy: 'optional' });
  const user = await world.addUser({ email: EMAIL, name: NAME, partnerId: partner.id, role: 'manager' });
  return { world, partner, user };
}

async function signIn(world: World, person: Person, secret: string): Promise<void> {
  await person.signIn(EMAIL);
  assert.equal((await person.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
}

/** Every page of a signed-in person, in every state that has one. */
async function allSignedInPages(world: World, userId: string, partnerId: string): Promise<Map<string, string>> {
  const secret = await world.addAuthenticator(userId);
  const person = world.person();
  await signIn(world, person, secret);
  const formCookie = person.cookies.get('__Host-sallyport-form') ?? '';
  const resume = await waitingRequest(world, formCookie, 'Browser/1');
  const realPath = await settleTeam(world, userId, partnerId);
  const shown = new Map<string, string>();
  const look = async () => {
    for (const row of PAGES) {
      const path = OF_PORTALS.includes(row.path) ? withResume(row.path, resume) : realPath(row);
      const { status, text, headers } = await person.get(path);
      if (status === 200 && headers.get('content-type')?.startsWith('text/html')) shown.set(row.path, text);
    }
  };
  const setNotice = (notice: string) =>
    world.env.db.transaction((tx) => tx.updateTable('sessions').set({ notice }).execute());
  await setNotice('{"kind":"recovery_code_used","left":9}');
  shown.set('/sign-in/notice', (await person.get('/sign-in/notice')).text);
  shown.set('a page that is not there', (await person.get('/no-such-page')).text);
  await look();
  await storePasskey(world.env, { id: userId, email: EMAIL }, phone());
  shown.set('/step-up/passkey', (await person.get('/step-up/passkey')).text);
  const expire = { step_up_at: world.clock.at - 600, step_up_to: null };
  await world.env.db.transaction((tx) => tx.updateTable('sessions').set(expire).execute());
  await look();
  await world.env.db.transaction((tx) => tx.updateTable('sessions').set({ step_up_at: world.clock.at }).execute());
  await person.post('/security/recovery-codes');
  await look();
  return shown;
}

test('every page of a session carries Sign out and a link to /security', async (t) => {
  const { world, user, partner } = await worldWithAurelia(t);
  const shown = await allSignedInPages(world, user.id, partner.id);
  const guarded = PAGES.filter(({ guard }) => !/^(public|pendingSignIn|staff)/.test(guard)).map(({ path }) => path);
  assert.deepEqual(
    guarded.filter((path) => !SHOWS_A_FILE.includes(path) && !shown.has(path)),
    [],
    'every page was seen',
  );
  checkWaysOut(shown);
});

const STAFF_FILES = /\.csv$|\/export\/file$/;
const LEADS_ON = '/console';
const SHOWS_A_SECRET = '/console/secrets/:secret';

/** A partner, people in each state, a waiting reset, and programs, so that every page of the console has content. */
async function settleConsole(world: World) {
  const partner = await world.addPartner({ name: COMPANY, slug: 'zephyr', policy: 'required' });
  const person = await world.addUser({ email: EMAIL, name: NAME, partnerId: partner.id });
  const staff = await world.addUser({ email: 'chris@portal.example', name: 'Chris Meyer', role: 'csm' });
  const request = world.env.newId();
  const asked = { requested_by: staff.id, requested_at: world.clock.at, reason: 'lost', code_minutes: 60 };
  await world.env.db.transaction((tx) =>
    tx
      .insertInto('reset_requests')
      .values({ id: request, user_id: person.id, ...asked, checked_by: 'callback', check_note: 'office' })
      .execute(),
  );
  const [mail, device] = [await undeliveredMail(world, person.id), await knowBrowser(world, person.id)];
  const key = await addApiKey(world.env, 'command_line', { name: 'CRM', scopes: ['users:read'], expiresAt: undefined });
  const hook = await addWebhook(world.env, 'command_line', { url: 'https://hook.example/', events: WEBHOOK_EVENTS });
  assert.ok(!isRefusal(key) && !isRefusal(hook));
  const { client } = await makeClient(world.env);
  const imports = { columns: await someImport(world, 'draft'), start: await someImport(world, 'checked') };
  const jobs = { start: await someJob(world, 'checked'), shown: await someJob(world, 'finished') };
  const programs = {
    ':setting': 'accent-hue',
    ':key': key.apiKey.id,
    ':webhook': hook.webhook.id,
    ':client': client.id,
  };
  await changeSetting(world.env, 'command_line', { name: 'accent-hue', value: '25' });
  const ids = { ':partner': partner.id, ':request': request, ':mail': mail, ':device': device, ...programs };
  return (path: string) =>
    path
      .replace(
        /:partner|:request|:mail|:device|:key|:webhook|:client|:setting/g,
        (name) => ids[name as keyof typeof ids],
      )
      .replace('import/:job', `import/${path.endsWith('/columns') ? imports.columns : imports.start}`)
      .replace(':job', path.endsWith('/start') ? jobs.start : jobs.shown)
      .replace(/\/(?:bulk\/new|console\/reminders)$/, '$&?all=yes')
      .replace(':person', path.startsWith('/console/staff') ? staff.id : person.id);
}

async function undeliveredMail({ env, clock }: World, userId: string): Promise<string> {
  const found = await findPerson(env.db.read, userId);
  assert.ok(found);
  return env.db.transaction(async (tx) => {
    const id = await queueMail(env, tx, found.user, { kind: 'set_up_asked' });
    const dead = { dead_at: clock.at, tries: 9, last_fault: 'refused' };
    await tx.updateTable('outbox').set(dead).where('id', '=', id).execute();
    return id;
  });
}

test('every page of the console carries Sign out and a link to /security', async (t) => {
  const world = await openWorld(t);
  const realPath = await settleConsole(world);
  const admin = await enterStaff(world, 'admin', 'robin@portal.example');
  const made = await admin.post('/console/api-keys/new', { name: 'ERP', 'users:read': 'yes', expires: '' });
  const secret = made.location ?? '';
  const shown = new Map<string, string>();
  const pages = PAGES.filter(({ guard, path }) => guard.startsWith('staff') && !STAFF_FILES.test(path));
  for (const { path } of pages.filter(({ path }) => path !== LEADS_ON)) {
    const { status, text } = await admin.get(path === SHOWS_A_SECRET ? secret : realPath(path));
    assert.equal(status, 200, path);
    shown.set(path, text);
  }
  assert.ok(shown.size > 30);
  checkWaysOut(shown);
});

function checkWaysOut(shown: ReadonlyMap<string, string>): void {
  for (const [path, text] of shown) {
    const form = /<form[^>]* action="\/sign-out"[^>]*>[\s\S]*?<\/form>/.exec(text)?.[0] ?? '';
    assert.match(form, /method="post"/i, path);
    assert.match(form, /name="form_token" value="[^"]+"/, path);
    assert.match(form, />Sign out</, path);
    assert.match(text, /<a[^>]* href="\/security"/, path);
  }
}

test('the Sign out of every page of a session ends it', async (t) => {
  const { world, user } = await worldWithAurelia(t);
  const secret = await world.addAuthenticator(user.id);
  for (const path of ['/', '/security', '/security/sessions', '/step-up/recovery-code', '/help']) {
    const person = world.person();
    await signIn(world, person, secret);
    await person.get(path);
    await person.post('/sign-out');
    assert.equal((await person.get('/security')).status, 303, path);
    world.clock.at += 30;
  }
});

/** Values that no page shows before the second factor. The prompt may name the company, because it is the reason. */
// Help and the page about lost devices are the same for everyone.
const BEFORE = PAGES.filter(({ path }) => !path.startsWith('/help') && path !== '/sign-in/lost');
const PRIVATE = { name: NAME, company: COMPANY, slug: 'zephyr"', role: 'manager' };

test('before the second factor no page shows a name, a company, a role or an id', async (t) => {
  const { world, partner, user } = await worldWithAurelia(t);
  await world.addAuthenticator(user.id);
  const person = world.person();
  const pages = [await person.get('/sign-in'), await person.signIn(EMAIL, 'not the password')];
  pages.push(await person.signIn(EMAIL));
  for (const row of BEFORE) pages.push(await person.get(pathOf(row)));
  pages.push(await person.post('/sign-in/one-time-code', { code: '000000' }));
  pages.push(await person.post('/sign-in/recovery-code', { code: '0000-0000-0000-0000' }));
  pages.push(await person.get('/nowhere'));
  for (const { status, text, location } of pages) {
    for (const [what, word] of Object.entries({ ...PRIVATE, user: user.id, partner: partner.id })) {
      assert.ok(!text.includes(word), `${what} on a page of ${status}: ${text.slice(0, 300)}`);
      assert.ok(!location?.includes(word), `${what} in ${location}`);
    }
    assert.doesNotMatch(text, /Sign out/);
  }
});

test('before an authenticator is set up the only private word is the company, as the reason', async (t) => {
  const { world, partner, user } = await worldWithAurelia(t);
  await world.env.db.transaction((tx) => tx.updateTable('partners').set({ mfa_policy: 'required' }).execute());
  const person = world.person();
  await person.signIn(EMAIL);
  await person.get('/enroll');
  await person.post('/enroll');
  for (const row of BEFORE) {
    // The apps that it names are managers of passwords.
    const text = (await person.get(pathOf(row))).text.replace('Password managers such as 1Password', '');
    const words = { ...PRIVATE, user: user.id, partner: partner.id, ...(row.path === '/enroll' && { company: NAME }) };
    for (const [what, word] of Object.entries(words)) assert.ok(!text.includes(word), `${what} on ${row.path}`);
  }
});

for (const enrolled of [true, false]) {
  test(`before the second factor the API tells the state and methods alone, ${enrolled ? '' : 'not '}enrolled`, async (t) => {
    const { world, partner, user } = await worldWithAurelia(t);
    if (enrolled) await world.addAuthenticator(user.id);
    const signIn = await world.api('POST', '/api/v1/sign-in', { email: EMAIL, password: 'lantern otter velvet 9' });
    const token = String(signIn.body.pendingToken);
    const { pendingToken: _, ...told } = signIn.body;
    const state = { methods: enrolled ? ['totp'] : [], expiresAt: told.expiresAt };
    const expected = { state: enrolled ? 'second_factor_required' : 'enrollment_offered', ...state };
    assert.deepEqual(told, expected);
    assert.deepEqual((await world.api('GET', '/api/v1/sign-in', undefined, token)).body, expected);
    const answers = [signIn, await world.api('POST', '/api/v1/sign-in/enrollment', undefined, token)];
    for (const last of ['one-time-code', 'recovery-code', 'enrollment/confirm']) {
      answers.push(await world.api('POST', `/api/v1/sign-in/${last}`, { code: '000000' }, token));
    }
    answers.push(await world.api('GET', '/api/v1/session', undefined, token));
    for (const { body } of answers) {
      for (const word of [...Object.values(PRIVATE), user.id, partner.id]) {
        assert.ok(!JSON.stringify(body).includes(word), `${word} in ${JSON.stringify(body)}`);
      }
    }
  });
}
