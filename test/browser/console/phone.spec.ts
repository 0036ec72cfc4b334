import { enter, expect, type Site, test } from '../world.ts';

/** The padding of a row, a line of 15 px and one of 13 px. A third line would need 80. */
const TWO_LINES = 66;

test.use({ viewport: { width: 390, height: 844 } });

for (const language of ['en', 'de']) {
  test.describe(`on a phone in ${language}`, () => {
    test('every list has two lines for each row', async ({ page, site }) => {
      const partner = await openPortal(site);
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.setExtraHTTPHeaders({ 'accept-language': language });
      const lists = ['rollout', 'partners', `partners/${partner}`, 'adoption', 'audit', 'find?q=karolina'];
      for (const path of lists) {
        await page.goto(`/console/${path}`);
        const rows = page.locator('.grid.short tbody tr');
        await expect(rows.first()).toBeVisible();
        for (const row of await rows.all()) {
          const height = (await row.boundingBox())?.height ?? 0;
          expect(height, `${path}: ${await row.innerText()}`).toBeLessThan(TWO_LINES);
        }
        expect(await page.locator('.grid:not(.short):visible').count(), path).toBeLessThanOrEqual(1);
      }
    });
  });
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
  return id;
}
