import type { Picture, Stage } from '../ways.ts';
import { openScene } from './console-gallery.ts';

const BROWSERS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Linux; Android 16; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
  null,
];

/** A person of a partner with devices, one of them trusted, and a waiting change of email. */
async function openPerson(stage: Stage): Promise<{ readonly path: string; readonly device: string }> {
  const scene = await openScene(stage);
  const { env, clock } = stage.site.world;
  const [user_id, day] = [scene.member, 86_400];
  const times = { created_at: clock.at - 40 * day, expires_at: clock.at + 20 * day };
  const devices = BROWSERS.map((user_agent, index) => ({
    ...{ id: env.newId(), user_id, token_hash: env.newId(), user_agent, ...times },
    last_used_at: user_agent === null ? null : clock.at - index * day,
  }));
  await env.db.transaction(async (tx) => {
    await tx.insertInto('devices').values(devices).execute();
    const secret = { secret_hash: env.newId(), previous_secret_hash: null, authenticators: 'x' };
    const where = { address: '192.0.2.7', user_agent: BROWSERS[0] ?? null, last_used_at: clock.at - day };
    await tx
      .insertInto('trusted_devices')
      .values({ id: env.newId(), user_id, ...secret, ...where, ...times })
      .execute();
    const asked = { purpose: 'confirm' as const, email: 'ana.silva.of.the.long.name@harbor.example', asked_by: 'x' };
    const link = { id: env.newId(), token_hash: env.newId(), user_id, created_at: clock.at, used_at: null };
    await tx
      .insertInto('email_links')
      .values({ ...asked, ...link, expires_at: clock.at + day })
      .execute();
  });
  return { path: `/console/people/${scene.member}`, device: devices[0]?.id ?? '' };
}

/** The pages about one person's name, email and devices, and about the chain of the log. */
export const PEOPLE_GALLERY: Readonly<Record<string, Picture>> = {
  'console-person-devices': async (stage) => stage.page.goto((await openPerson(stage)).path),
  'console-edit': async (stage) => stage.page.goto(`${(await openPerson(stage)).path}/edit`),
  'console-edit-invited': async (stage) => stage.page.goto(`/console/people/${(await openScene(stage)).invited}/edit`),
  'console-edit-disabled': async (stage) =>
    stage.page.goto(`/console/people/${(await openScene(stage)).disabled}/edit`),
  'console-edit-refused': async (stage) => {
    await stage.page.goto(`${(await openPerson(stage)).path}/edit`);
    await stage.page.locator('#name').fill('');
    await stage.page.locator('#email').fill('ana');
    await stage.page.locator('.card form .primary').click();
  },
  'console-device': async (stage) => {
    const { path, device } = await openPerson(stage);
    await stage.page.goto(`${path}/devices/${device}`);
  },
  'console-verify': async (stage) => {
    await openScene(stage);
    await stage.page.goto('/console/audit/verify');
  },
  'console-audit-verified': async (stage) => {
    await openScene(stage);
    await stage.page.goto('/console/audit/verify');
    await stage.page.locator('.card form .primary').click();
  },
};

const ONE = '/console/people/:person';

/** The pictures that show each page. */
export const PEOPLE_SEEN: Readonly<Record<string, readonly string[]>> = {
  [`${ONE}/edit`]: ['console-edit', 'console-edit-invited', 'console-edit-disabled', 'console-edit-refused'],
  [`${ONE}/devices/:device`]: ['console-device'],
  '/console/audit/verify': ['console-verify'],
};
