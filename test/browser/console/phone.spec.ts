import type { Page } from '@playwright/test';
import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { disableClient } from '#flows/administration/openid-clients.ts';
import { addWebhook, stopWebhook } from '#flows/administration/webhooks.ts';
import { someJob } from '../../stories/console/bulk/bulk-walk.ts';
import { makeClient } from '../../stories/openid/client-story.ts';
import { enter, expect, type Site, test } from '../world.ts';

/** The padding of a row, a line of 15 px and one of 13 px. A third line would need 80. */
const TWO_LINES = 66;

/** How much higher a button is than the first line. */
const BUTTON = 30;

test.use({ viewport: { width: 390, height: 844 } });

for (const language of ['en', 'de']) {
  test.describe(`on a phone in ${language}`, () => {
    test('every list has two lines for each row', async ({ page, site }) => {
      const partner = await openPortal(site);
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.setExtraHTTPHeaders({ 'accept-language': language });
      await expectTwoLines(page, [
        'rollout',
        'partners',
        `partners/${partner}`,
        'adoption',
        'audit',
        'find?q=karolina',
      ]);
    });

    test('so has every list of administrators, and a button beside the name', async ({ page, site }) => {
      await addPrograms(site);
      await enter(page, site, await site.newPerson({ role: 'admin' }));
      await page.setExtraHTTPHeaders({ 'accept-language': language });
      await expectTwoLines(page, ['staff', 'clients', 'webhooks', 'bulk']);
      await expectTwoLines(page, ['api-keys'], TWO_LINES + BUTTON);
    });
  });
}

async function expectTwoLines(page: Page, lists: readonly string[], most = TWO_LINES): Promise<void> {
  for (const path of lists) {
    await page.goto(`/console/${path}`);
    const rows = page.locator('.grid.short tbody tr');
    await expect(rows.first()).toBeVisible();
    for (const row of await rows.all()) {
      const height = (await row.boundingBox())?.height ?? 0;
      expect(height, `${path}: ${await row.innerText()}`).toBeLessThan(most);
    }
    expect(await page.locator('.grid:not(.short):visible').count(), path).toBeLessThanOrEqual(1);
  }
}

/** Of each kind one that works and one that does not, with everything that a row can say. */
async function addPrograms({ world }: Site): Promise<void> {
  const { env } = world;
  const who = await world.addUser({ email: 'casey@portal.example', role: 'csm', name: 'Casey' });
  await world.addUser({ email: 'maximiliane.wisniewska@portal.example', role: 'admin', name: 'Maximiliane' });
  await addApiKey(env, 'command_line', { name: 'Customer relations', scopes: SCOPES, expiresAt: undefined });
  const client = await makeClient(env);
  await makeClient(env);
  await disableClient(env, 'command_line', client.client.id);
  for (const url of ['https://crm.example.com/hooks/sallyport', 'https://nobody.example.com/hook']) {
    const made = await addWebhook(env, 'command_line', { url, events: WEBHOOK_EVENTS });
    if (!isRefusal(made) && url.includes('nobody')) await stopWebhook(env, 'command_line', made.webhook.id);
  }
  for (const state of ['running', 'finished'] as const) await someJob(world, state);
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ disabled_at: 1 }).where('id', '=', who.id).execute(),
  );
}

test('a phone names somebody once who did something to themselves', async ({ page, site }) => {
  await openPortal(site);
  await enter(page, site, await site.newPerson({ role: 'csm' }));
  await page.goto('/console/audit?partner=off');
  const signedIn = page.getByRole('row').filter({ hasText: 'Signed in' });
  await expect(signedIn.getByText('Karolina')).toHaveCount(2);
  await expect(signedIn.getByText('Karolina').first()).toBeVisible();
  await expect(signedIn.getByText('Karolina').last()).toBeHidden();
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(signedIn.getByText('Karolina').last()).toBeVisible();
});

/** An overdue partner with a manager, and one without MFA, where somebody has signed in. Emails are long. */
async function openPortal({ world }: Site): Promise<string> {
  const requiredFrom = world.clock.at - 10 * 24 * 60 * 60;
  const { id } = await world.addPartner({
    slug: 'acme',
    name: 'Acme Telecommunication',
    policy: 'required',
    requiredFrom,
  });
  const email = 'maximiliane.wisniewska-kowalczyk@branch-office.acme.example';
  await world.addUser({ email, name: 'Maximiliane', partnerId: id, role: 'manager' });
  const off = await world.addPartner({ slug: 'off', name: 'Off', policy: 'off' });
  const other = 'karolina.wisniewska-kowalczyk@branch-office.acme.example';
  await world.addUser({ email: other, name: 'Karolina', partnerId: off.id });
  await world.person().signIn(other);
  await world.person().signIn(email, 'not the password');
  return id;
}
