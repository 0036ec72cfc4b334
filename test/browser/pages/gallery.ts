import { parseBegin } from '#core/time/day.ts';
import { wayOnAddress } from '#http/pages/way-on.ts';
import {
  firstAdministratorLink,
  nameNewestSession,
  OTHER_BROWSERS,
  openLink,
  type Picture,
  passwordOnly,
  recoveryCodes,
  requestLink,
  secondFactor,
  sendCode,
  setNotice,
  setUp,
  shownSecret,
  signedIn,
  signInAt,
  stepUp,
  submit,
  THIS_BROWSER,
  withCode,
  withNotice,
} from '../ways.ts';
import { PASSWORD } from '../world.ts';
import { APP_GALLERY } from './app-gallery.ts';
import { CONSOLE_GALLERY } from './console-gallery.ts';
import { LIFE_GALLERY } from './life-gallery.ts';
import { PORTAL_GALLERY } from './portal-gallery.ts';
import { SITE_GALLERY } from './site-gallery.ts';

/** Every page in every state that looks different, and the steps to it. Steps use no words: any language works. */
export const GALLERY: Readonly<Record<string, Picture>> = {
  'sign-in': ({ page }) => page.goto('/sign-in'),
  'sign-in-refused': ({ page }) => signInAt(page, 'ana.silva@acme.example', 'not my password'),
  'sign-in-no-email': ({ page }) => signInAt(page, '', ''),
  'sign-in-no-password': ({ page }) => signInAt(page, 'ana.silva@acme.example', ''),
  'sign-in-wait': async ({ page, site }) => {
    const { email } = await site.newPerson();
    for (let tries = 0; tries < 10; tries++) await site.world.person('192.0.2.50').signIn(email, 'wrong');
    await signInAt(page, email, 'wrong');
  },
  'sign-in-password-saved': ({ page }) => page.goto('/sign-in?password-saved'),
  'sign-in-stale': async ({ page }) => {
    await page.goto('/sign-in');
    await page.context().clearCookies({ name: /form/ });
    await page.locator('#email').fill('ana.silva@acme.example');
    await submit(page);
  },
  prompt: async ({ page, site }) => signInAt(page, (await site.newPerson()).email, PASSWORD),
  'prompt-offered': async ({ page, site }) =>
    signInAt(page, (await site.newPerson({ policy: 'optional' })).email, PASSWORD),
  'prompt-date': async ({ page, site }) => {
    const requiredFrom = parseBegin('2027-02-04') ?? 0;
    await signInAt(page, (await site.newPerson({ requiredFrom })).email, PASSWORD);
  },
  'prompt-staff': async ({ page, site }) => signInAt(page, (await site.newPerson({ role: 'csm' })).email, PASSWORD),
  'prompt-ended': async ({ page, site }) => {
    await signInAt(page, (await site.newPerson()).email, PASSWORD);
    await page.goto('/enroll?ended');
  },
  'set-up': setUp,
  'set-up-manual': async (stage) => {
    await setUp(stage);
    await stage.page.locator('details.more summary').last().click();
  },
  'set-up-refused': async (stage) => {
    await setUp(stage);
    await sendCode(stage.page, '000000');
  },
  'set-up-clock': async (stage) => {
    await setUp(stage);
    const secret = await shownSecret(stage.page);
    for (const ahead of [6, 7]) await sendCode(stage.page, stage.site.world.totp(secret, ahead));
  },
  codes: recoveryCodes,
  'codes-not-saved': async (stage) => {
    await recoveryCodes(stage);
    await submit(stage.page);
  },
  code: async (stage) => void (await secondFactor(stage)),
  'code-incorrect': withCode(() => '000000'),
  'code-expired': withCode(({ site }, secret) => site.world.totp(secret, -4)),
  'code-used': async (stage) => {
    const { email, secret } = await secondFactor(stage);
    const code = stage.site.world.totp(secret);
    const other = stage.site.world.person();
    await other.signIn(email);
    await other.post('/sign-in/one-time-code', { code });
    await sendCode(stage.page, code);
  },
  'code-clock': async (stage) => {
    const { secret } = await secondFactor(stage);
    for (const ahead of [-7, -6]) await sendCode(stage.page, stage.site.world.totp(secret, ahead));
  },
  'code-shape': withCode(() => '12'),
  'code-is-recovery': withCode(() => '7KQ2-M9XT-BD4H-FVA8'),
  'code-sign-in-again': async (stage) => {
    await secondFactor(stage);
    for (let tries = 0; tries < 6; tries++) await sendCode(stage.page, '000000');
  },
  'code-wait': async (stage) => {
    await secondFactor(stage, { wrongBefore: 5 });
    await sendCode(stage.page, '000000');
  },
  'code-paused': async (stage) => {
    await secondFactor(stage, { wrongBefore: 20 });
    await sendCode(stage.page, '000000');
  },
  recovery: async (stage) => {
    await secondFactor(stage);
    await stage.page.goto('/sign-in/recovery-code');
  },
  'recovery-incorrect': async (stage) => {
    await secondFactor(stage);
    await stage.page.goto('/sign-in/recovery-code');
    await sendCode(stage.page, '7KQ2-M9XT-BD4H-FVA8');
  },
  'recovery-is-one-time': async (stage) => {
    await secondFactor(stage);
    await stage.page.goto('/sign-in/recovery-code');
    await sendCode(stage.page, '123 456');
  },
  'recovery-shape': async (stage) => {
    await secondFactor(stage);
    await stage.page.goto('/sign-in/recovery-code');
    await sendCode(stage.page, 'ABC');
  },
  'notice-recovery-code': withNotice('/sign-in/notice', { kind: 'recovery_code_used', left: 8 }),
  'notice-last-recovery-code': withNotice('/sign-in/notice', { kind: 'recovery_code_used', left: 0 }),
  'notice-few-codes': withNotice('/sign-in/notice', { kind: 'few_codes_left', left: 1 }),
  home: (stage) => signedIn(stage, '/'),
  security: (stage) => signedIn(stage, '/security'),
  'security-added': withNotice('/security', { kind: 'authenticator_added', ended: 0 }),
  'security-replaced': withNotice('/security', { kind: 'authenticator_replaced', ended: 3 }),
  'security-removed': async (stage) => {
    await passwordOnly(stage, '/security');
    await setNotice(stage.site, { kind: 'authenticator_removed', ended: 1 });
    await stage.page.reload();
  },
  'security-codes-changed': withNotice('/security', { kind: 'codes_changed', ended: 1 }),
  'security-password-changed': withNotice('/security', { kind: 'password_changed', ended: 2 }),
  'security-sessions-ended': withNotice('/security', { kind: 'sessions_ended', ended: 2 }),
  'security-none': (stage) => passwordOnly(stage, '/security'),
  replace: (stage) => signedIn(stage, '/security/authenticator'),
  'replace-or-turn-off': (stage) => signedIn(stage, '/security/authenticator', 'optional'),
  connecting: async (stage) => {
    await signedIn(stage, '/security/authenticator');
    await submit(stage.page);
  },
  add: async (stage) => {
    await passwordOnly(stage, '/security/authenticator');
  },
  'new-codes': (stage) => signedIn(stage, '/security/recovery-codes'),
  password: (stage) => signedIn(stage, '/security/password'),
  'password-refused': async (stage) => {
    await signedIn(stage, '/security/password');
    await stage.page.locator('#current').fill(PASSWORD);
    await stage.page.locator('#new').fill('password');
    await submit(stage.page);
  },
  sessions: async (stage) => {
    const { email } = await passwordOnly(stage, '/security/sessions');
    await nameNewestSession(stage.site, THIS_BROWSER);
    for (const agent of OTHER_BROWSERS) {
      const other = stage.site.world.person('2001:db8:85a3::8a2e:370:7334');
      await other.send('/sign-in');
      await other.signIn(email);
      await nameNewestSession(stage.site, agent);
    }
    await stage.page.reload();
  },
  'sessions-one': (stage) => signedIn(stage, '/security/sessions'),
  'step-up': (stage) => stepUp(stage),
  'step-up-refused': async (stage) => {
    await stepUp(stage);
    await sendCode(stage.page, '000000');
  },
  'step-up-recovery': async (stage) => {
    await stepUp(stage);
    await stage.page.goto('/step-up/recovery-code');
  },
  'step-up-password': async (stage) => {
    await passwordOnly(stage, '/security');
    stage.site.world.clock.at += 400;
    await stage.page.goto('/security/password');
  },
  ...APP_GALLERY,
  ...CONSOLE_GALLERY,
  ...LIFE_GALLERY,
  ...PORTAL_GALLERY,
  ...SITE_GALLERY,
  forgot: ({ page }) => page.goto('/forgot-password'),
  'forgot-malformed': async ({ page }) => {
    await page.goto('/forgot-password');
    await page.locator('#email').fill('ana');
    await submit(page);
  },
  continue: async ({ site, page }) => {
    const target = `${site.origin}/portal`;
    // The target renders nothing, so the browser stays on the page that redirects.
    await page.route(target, (route) => route.fulfill({ status: 204 }));
    await page.goto(wayOnAddress(site.world.env.keys, target));
  },
  'forgot-sent': async ({ page }) => {
    await page.goto('/forgot-password');
    await page.locator('#email').fill('nobody@acme.example');
    await submit(page);
  },
  'new-password': (stage) => openLink(stage, 'reset'),
  'new-password-refused': async (stage) => {
    await openLink(stage, 'reset');
    await stage.page.locator('#password').fill('short');
    await submit(stage.page);
  },
  'new-password-dead': ({ page }) => page.goto(`/password/${'a'.repeat(43)}`),
  invitation: (stage) => openLink(stage, 'invitation'),
  'invitation-dead': ({ page }) => page.goto(`/invitation/${'a'.repeat(43)}`),
  'first-administrator': async ({ page, site }) => {
    await page.goto(await firstAdministratorLink(site));
    await page.locator('#password').waitFor();
  },
  'first-administrator-refused': async ({ page, site }) => {
    await page.goto(await firstAdministratorLink(site));
    await submit(page);
  },
  help: ({ page }) => page.goto('/help'),
  'help-set-up': ({ page }) => page.goto('/help/set-up'),
  'help-how-sign-in-works': ({ page }) => page.goto('/help/how-sign-in-works'),
  'help-good-practice': ({ page }) => page.goto('/help/good-practice'),
  'help-troubleshooting': ({ page }) => page.goto('/help/troubleshooting'),
  'dev-mail-none': ({ page }) => page.goto('/dev/mail'),
  'dev-mail': async ({ page, site }) => {
    await requestLink(site);
    await page.goto('/dev/mail');
  },
  'dev-mail-one': async ({ page, site }) => {
    await requestLink(site);
    await page.goto('/dev/mail');
    await page.locator('.rows a').first().click();
  },
  '403': async ({ page }) => {
    await page.goto('/sign-in');
    await page.route('**/sign-in', async (route) => {
      const headers = { ...route.request().headers(), origin: 'https://elsewhere.example' };
      await route.fulfill({ response: await route.fetch({ headers }) });
    });
    await submit(page);
  },
  '404': ({ page }) => page.goto('/nowhere'),
  '405': ({ page }) => page.goto('/sign-out'),
  '413': async ({ page }) => {
    await page.goto('/sign-in');
    await page.locator('#password').fill('x'.repeat(70_000));
    await submit(page);
  },
};
