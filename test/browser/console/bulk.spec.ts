import { workOff } from '#flows/bulk/work.ts';
import { dayText } from '../ways.ts';
import { enter, expect, pressButton, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`many partners at once, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('ticks two partners, sees whom a date hits, changes them and puts them back', async ({ page, site }) => {
      const { world } = site;
      for (const name of ['Nordlicht', 'Ostwind', 'Südsee']) {
        const { id } = await world.addPartner({ name, slug: name.toLowerCase().replace('ü', 'u'), policy: 'off' });
        await world.addUser({ email: `ana@${id}.example`, partnerId: id });
      }
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.goto('/console/partners');
      await page.getByLabel('Select Nordlicht').check();
      await page.getByLabel('Select Ostwind').check();
      await pressButton(page, 'Change selected');
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Change 2 partners');
      await page.getByLabel('Required from a date').check();
      await pressButton(page, 'Preview impact');
      await expect(page.getByRole('alert')).toContainText('Choose a future date');
      await page.getByLabel('From', { exact: true }).fill(dayText(world.clock.at, 40));
      await pressButton(page, 'Preview impact');
      await expect(page.locator('ul.rows').first()).toContainText('2 people, 2 without an authenticator');
      await expect(page.locator('table.grid tbody tr')).toHaveCount(2);
      await page.getByLabel('Reason').fill('roll-out');
      await pressButton(page, 'Change 2 partners');
      await expect(page.locator('#progress')).toContainText('0 of 2 done');
      await workOff(world.env);
      // With a script the page follows by itself.
      if (!javaScriptEnabled) await page.getByRole('link', { name: 'Reload' }).click();
      await expect(page.locator('#progress')).toContainText('2 of 2 done');
      await page.getByRole('link', { name: 'Undo', exact: true }).click();
      await page.getByLabel('Reason').fill('too early');
      await pressButton(page, 'Undo the changes of 2 partners');
      await workOff(world.env);
      await page.goto('/console/partners?policy=off');
      await expect(page.locator('#results tbody tr')).toHaveCount(3);
    });

    test('uploads a file, is told of its faults, and starts the one that is right', async ({ page, site }) => {
      const { world } = site;
      await world.addPartner({ name: 'Nordlicht', slug: 'nordlicht', policy: 'off' });
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.goto('/console/bulk');
      await page.getByRole('link', { name: 'Upload CSV' }).click();
      const file = (text: string) => ({ name: 'partners.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await page.getByLabel('CSV file').setInputFiles(file('slug;policy\r\nnordlicht;maybe\r\n'));
      await pressButton(page, 'Check the file');
      await expect(page.locator('table.grid')).toContainText('The policy must be off, optional or required');
      await page.getByLabel('CSV file').setInputFiles(file('\ufeffslug;policy\r\nnordlicht;optional\r\n'));
      await pressButton(page, 'Check the file');
      await expect(page.locator('table.grid')).toContainText('MFA optional');
    });

    test('imports a file: its columns, a dry run with a fault, and the people', async ({ page, site }) => {
      const { world } = site;
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.goto('/console/bulk');
      await page.getByRole('link', { name: 'Import partners and people' }).click();
      const text = '\ufeffpartner;partner_name;E-Mail\r\nnord;Nordlicht;bo@nord.example\r\nnord;;none\r\n';
      const file = { name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(text) };
      await page.getByLabel('CSV file').setInputFiles(file);
      await pressButton(page, 'Upload');
      await expect(page.locator('table.grid')).toContainText('bo@nord.example');
      await expect(page.getByLabel('Email', { exact: true })).toHaveValue('2');
      await pressButton(page, 'Check all rows');
      await expect(page.locator('#progress')).toContainText('Checking');
      await workOff(world.env);
      if (!javaScriptEnabled) await page.getByRole('link', { name: 'Reload' }).click();
      await page.getByRole('link', { name: 'See the result' }).click();
      await expect(page.locator('table.grid')).toContainText('This isn’t a valid email address');
      await page.getByLabel('Reason').fill('contract');
      await pressButton(page, 'Import one row');
      await workOff(world.env);
      await page.goto('/console/partners?q=nordlicht');
      await expect(page.locator('#results tbody tr')).toHaveCount(1);
    });
  });
}
