import { checkWithAxe } from '../axe.ts';
import { enter, expect, pressButton, type Site, test } from '../world.ts';

const DAY = 24 * 60 * 60;

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the first page of the console, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('answers how far everybody is, and reminds the people of ticked partners', async ({ page, site }) => {
      await openPortal(site);
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.getByRole('link', { name: 'Console' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toContainText('0% of people have set up MFA');
      await expect(page.getByRole('link', { name: 'Overdue 5 people 2 partners' })).toBeVisible();
      if (javaScriptEnabled) await checkWithAxe(page);

      await pressButton(page, 'Remind…');
      await expect(page.getByRole('alert')).toContainText('Select at least one partner');
      await page.getByRole('checkbox', { name: 'Harbor Retail' }).check();
      if (javaScriptEnabled) {
        await expect(page.locator('.ticked')).toContainText('Selected: 1 · people missing: 3');
      }
      await pressButton(page, 'Remind…');
      await expect(page.getByRole('heading', { level: 1 })).toContainText('Remind 3 people at 1 partner');
      if (javaScriptEnabled) await checkWithAxe(page);
      await pressButton(page, 'Remind 3 people at 1 partner');
      await expect(page.getByRole('status').first()).toContainText('Sending reminders.');
      await expect(page.getByRole('row', { name: /Harbor Retail/ })).toContainText('being sent');
      await page.reload();
      await expect(page.getByRole('row', { name: /Harbor Retail/ })).toContainText('being sent');
    });

    test('leads to a week, to a day of the calendar, and to a partner with its timeline', async ({ page, site }) => {
      await openPortal(site);
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.goto('/console/rollout');
      await page.getByRole('link', { name: /Later 1 1 partner/ }).click();
      await expect(page.locator('#list tbody a')).toHaveText(['Kairos Data']);
      await page.getByRole('link', { name: 'Calendar' }).click();
      if (javaScriptEnabled) await checkWithAxe(page);
      await page.goto('/console/rollout?view=due&from=2027-01-01');
      await page.getByRole('link', { name: 'Kairos Data' }).click();
      await expect(page.locator('.timeline')).toContainText('MFA is required from this day');
      await page.getByRole('link', { name: 'Change schedule' }).click();
      await page.getByLabel('Days before the date').fill('30, 3');
      await pressButton(page, 'Save schedule');
      await expect(page.locator('.timeline')).toContainText('Reminder 30 days before the date');
      await page.getByRole('link', { name: 'Letter to print' }).click();
      await expect(page.getByText('So richten Sie es ein')).toBeVisible();
      if (javaScriptEnabled) await checkWithAxe(page);
    });
  });
}

/** Two partners that are overdue, and one with a date in two months. */
async function openPortal({ world }: Site): Promise<void> {
  const noon = world.clock.at - (world.clock.at % DAY) + DAY / 2;
  const partners = [
    { name: 'Harbor Retail', slug: 'harbor', inDays: -10, people: 3 },
    { name: 'Ember Works', slug: 'ember', inDays: -40, people: 2 },
    { name: 'Kairos Data', slug: 'kairos', inDays: 60, people: 1 },
  ];
  for (const { name, slug, inDays, people } of partners) {
    const requiredFrom = noon + inDays * DAY;
    const { id: partnerId } = await world.addPartner({ name, slug, policy: 'required', requiredFrom });
    for (let number = 0; number < people; number++) {
      await world.addUser({ email: `p${number}@${slug}.example`, name: `Person ${number}`, partnerId });
    }
  }
}
