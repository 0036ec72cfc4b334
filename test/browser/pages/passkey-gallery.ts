import { createAuthenticator } from '../../authenticator/create.ts';
import { storePasskey } from '../../stories/passkeys/stored.ts';
import { type Picture, type Stage, signedIn, signInAt, takeOver, withNotice } from '../ways.ts';
import { PASSWORD } from '../world.ts';

/** A person with this many passkeys, and with an app unless the passkeys are all. */
async function person({ site }: Stage, { passkeys = 1, hasApp = true, policy = 'required' as const } = {}) {
  const { id, email } = await site.newPerson({ policy });
  const secret = hasApp ? await site.world.addAuthenticator(id) : '';
  await addPasskeys(site, { id, email }, passkeys);
  return { id, email, secret };
}

async function addPasskeys({ world, origin }: Stage['site'], user: { id: string; email: string }, count: number) {
  for (let slot = 1; slot <= count; slot++) {
    const synced = slot % 2 === 1;
    const device = createAuthenticator({ origin, backupEligible: synced, backupState: synced });
    await storePasskey(world.env, user, device, slot);
  }
}

async function afterPassword(stage: Stage, options: Parameters<typeof person>[1]): Promise<void> {
  const { email } = await person(stage, options);
  await signInAt(stage.page, email, PASSWORD);
  await stage.page.goto('/sign-in/passkey');
}

async function atSetUp(stage: Stage, path: string): Promise<void> {
  const visitor = stage.site.world.person();
  await visitor.signIn((await stage.site.newPerson()).email);
  await visitor.get('/enroll');
  await visitor.post('/enroll');
  await takeOver(stage, visitor, path);
}

/** Signed in with an app, and with passkeys too. */
async function inSession(stage: Stage, path: string, passkeys = 1): Promise<void> {
  const { id, email } = await signedIn(stage, '/help');
  await addPasskeys(stage.site, { id, email }, passkeys);
  await stage.page.goto(path);
}

/** Sends the form of the page with an answer that no device gave. */
async function refuse({ page }: Stage): Promise<void> {
  await page.evaluate(`document.querySelector('form[data-passkey] [name=credential]').value = '{}'`);
  await page.evaluate(`document.querySelector('form[data-passkey]').requestSubmit()`);
  await page.waitForSelector('.refusal');
}

/** As in a browser that knows no passkeys. */
async function withoutThem({ page }: Stage): Promise<void> {
  await page.evaluate(`document.querySelectorAll('[data-passkey-part]').forEach((part) => { part.hidden = true; });
    document.querySelectorAll('[data-passkey-missing]').forEach((part) => { part.hidden = false; });`);
}

/** As on a device that can hold a passkey itself. */
async function onDevice({ page }: Stage): Promise<void> {
  await page.evaluate(`document.querySelectorAll('[data-passkey-part]').forEach((part) => { part.hidden = false; })`);
}

async function then(opened: Promise<unknown>, next: () => Promise<void>): Promise<void> {
  await opened;
  await next();
}

/** The pages about passkeys. */
export const PASSKEY_GALLERY: Readonly<Record<string, Picture>> = {
  'sign-in-passkey-refused': (stage) => then(stage.page.goto('/sign-in'), () => refuse(stage)),
  passkey: (stage) => afterPassword(stage, {}),
  'passkey-only': (stage) => afterPassword(stage, { hasApp: false }),
  'passkey-refused': (stage) => then(afterPassword(stage, {}), () => refuse(stage)),
  'passkey-missing': (stage) => then(afterPassword(stage, { hasApp: false }), () => withoutThem(stage)),
  'passkey-offer': (stage) => then(signedIn(stage, '/sign-in/passkey-offer'), async () => {}),
  'enroll-passkey': (stage) => atSetUp(stage, '/enroll/passkey'),
  'enroll-passkey-refused': (stage) => then(atSetUp(stage, '/enroll/passkey'), () => refuse(stage)),
  'enroll-passkey-missing': (stage) => then(atSetUp(stage, '/enroll/passkey'), () => withoutThem(stage)),
  'set-up-beside-passkey': (stage) => then(atSetUp(stage, '/enroll/authenticator'), () => onDevice(stage)),
  'step-up-passkey': (stage) => inSession(stage, '/step-up/passkey'),
  'step-up-passkey-refused': (stage) => then(inSession(stage, '/step-up/passkey'), () => refuse(stage)),
  'step-up-passkey-missing': (stage) => then(inSession(stage, '/step-up/passkey'), () => withoutThem(stage)),
  'passkey-add': (stage) => inSession(stage, '/security/authenticators/passkey'),
  'passkey-add-missing': (stage) =>
    then(inSession(stage, '/security/authenticators/passkey'), () => withoutThem(stage)),
  'passkey-add-refused': (stage) => then(inSession(stage, '/security/authenticators/passkey'), () => refuse(stage)),
  'passkey-add-name-refused': (stage) =>
    then(inSession(stage, '/security/authenticators/passkey'), async () => {
      await stage.page.locator('#name').fill('x'.repeat(65));
      await refuse(stage);
    }),
  passkeys: (stage) => inSession(stage, '/security/authenticators', 3),
  'passkeys-most': (stage) => inSession(stage, '/security/authenticators', 9),
  'passkey-one': (stage) =>
    then(inSession(stage, '/security/authenticators'), () => stage.page.locator('tbody a').last().click()),
  'security-passkeys': (stage) => inSession(stage, '/security', 2),
  'security-passkey-added': withNotice('/security', { kind: 'passkey_added', ended: 1 }),
  'security-passkey-removed': withNotice('/security', { kind: 'passkey_removed', ended: 0 }),
  'add-first-passkey': async (stage) => {
    const visitor = stage.site.world.person();
    await visitor.signIn((await stage.site.newPerson({ policy: 'off' })).email);
    await visitor.get('/step-up');
    await visitor.post('/step-up', { password: PASSWORD });
    await takeOver(stage, visitor, '/security/authenticator');
  },
};

export const PASSKEY_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/sign-in/passkey': ['passkey', 'passkey-only', 'passkey-refused'],
  '/sign-in/passkey-offer': ['passkey-offer'],
  '/enroll/passkey': ['enroll-passkey', 'enroll-passkey-refused'],
  '/step-up/passkey': ['step-up-passkey', 'step-up-passkey-refused'],
  '/security/authenticators/passkey': ['passkey-add', 'passkey-add-refused'],
};
