import { type Picture, type Stage, signedIn, submit, withNotice } from '../ways.ts';
import { PASSKEY_GALLERY, PASSKEY_SEEN } from './passkey-gallery.ts';
import { TRUST_GALLERY, TRUST_SEEN } from './trust-gallery.ts';

/** A person with this many apps, at a page of theirs. */
async function withApps(stage: Stage, count: number, path: string, policy: 'required' | 'optional' = 'required') {
  const { id } = await signedIn(stage, '/help', policy);
  const { world } = stage.site;
  for (let slot = 2; slot <= count; slot++) await world.addAuthenticator(id, slot);
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('authenticators')
      .set({ name: 'Diensttelefon der Niederlassung Nordwest, zweiter Stock links' })
      .where('user_id', '=', id)
      .where('slot', '=', 2)
      .execute(),
  );
  await stage.page.goto(path);
}

/** The form for an app, beside the one for a passkey. */
function start({ page }: Stage): Promise<void> {
  return page.locator('form[action="/security/authenticators/add/start"] button').click();
}

/** The page of the first app in the list. */
async function one(stage: Stage, count: number, policy?: 'required' | 'optional'): Promise<void> {
  await withApps(stage, count, '/security/authenticators', policy);
  await stage.page.locator('tbody a').first().click();
}

/** The pages about apps, passkeys and trusted devices. */
export const APP_GALLERY: Readonly<Record<string, Picture>> = {
  ...TRUST_GALLERY,
  'security-two-apps': (stage) => withApps(stage, 2, '/security'),
  'security-app-added': withNotice('/security', { kind: 'app_added', ended: 2 }),
  'security-app-removed': withNotice('/security', { kind: 'app_removed', ended: 0 }),
  apps: (stage) => withApps(stage, 2, '/security/authenticators'),
  'apps-most': (stage) => withApps(stage, 3, '/security/authenticators'),
  'apps-add': (stage) => withApps(stage, 1, '/security/authenticators/add'),
  'apps-add-refused': async (stage) => {
    await withApps(stage, 1, '/security/authenticators/add');
    await stage.page.locator('#name').fill('x'.repeat(65));
    await start(stage);
  },
  'apps-connecting': async (stage) => {
    await withApps(stage, 1, '/security/authenticators/add');
    await start(stage);
  },
  'apps-one': (stage) => one(stage, 2),
  'apps-one-refused': async (stage) => {
    await one(stage, 2);
    await stage.page.locator('#name').fill(' ');
    await submit(stage.page);
  },
  'apps-last': (stage) => one(stage, 1),
  'apps-last-optional': (stage) => one(stage, 1, 'optional'),
  ...PASSKEY_GALLERY,
};

export const APP_SEEN: Readonly<Record<string, readonly string[]>> = {
  ...TRUST_SEEN,
  '/security/authenticators': ['apps', 'apps-most'],
  '/security/authenticators/add': ['apps-add', 'apps-connecting'],
  '/security/authenticators/:authenticator': ['apps-one', 'apps-last'],
  ...PASSKEY_SEEN,
};
