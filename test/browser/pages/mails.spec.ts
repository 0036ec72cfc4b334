import { queueMail } from '#flows/runtime/mail.ts';
import { withLook, writeMail } from '#mail/message.ts';
import { LOCALES } from '#messages/locales.ts';
import { findLook } from '#store/partners/looks.ts';
import { findPerson } from '#store/people/users.ts';
import { listMail } from '#store/queue/outbox.ts';
import { EVERY_KIND } from '../../mail/every-kind.ts';
import { dress, LONGEST_LOOK } from '../../stories/look/look-story.ts';
import { expect, test } from '../world.ts';

test('every mail with the longest look of a partner fits a phone of 320 px in every language', async ({
  page,
  site,
}) => {
  const { env } = site.world;
  const { user } = (await findPerson(env.db.read, (await site.newPerson()).id)) ?? {};
  expect(user?.partnerId).toBeDefined();
  if (user?.partnerId === undefined) return;
  await dress(site.world, user.partnerId, LONGEST_LOOK);
  const dressed = withLook(env, await findLook(env.db.read, user.partnerId));
  await env.db.transaction((tx) => queueMail(env, tx, user, EVERY_KIND.test));
  const [row] = await listMail(env.db.read, 1);
  await page.setViewportSize({ width: 320, height: 800 });
  const tooWide: string[] = [];
  for (const locale of LOCALES) {
    for (const mail of Object.values(EVERY_KIND)) {
      if (row) await page.setContent(writeMail(dressed, { ...row, locale, kind: mail.kind }, mail).html);
      await expect(page.locator('.card')).toContainText(LONGEST_LOOK.name);
      const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (needed > 320) tooWide.push(`${mail.kind} in ${locale}: ${needed}`);
    }
  }
  expect(tooWide).toEqual([]);
});
