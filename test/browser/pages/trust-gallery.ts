import { allow, signInTrusting } from '../../stories/trusted-devices/trusted-story.ts';
import { OTHER_BROWSERS, type Picture, type Stage, sendCode, THIS_BROWSER, takeOver } from '../ways.ts';

/** A person whose partner allows trusted devices. */
async function trusting({ site }: Stage) {
  const { world } = site;
  const person = await site.newPerson();
  const row = await world.env.db.read
    .selectFrom('users')
    .select('partner_id')
    .where('id', '=', person.id)
    .executeTakeFirst();
  await allow(world, row?.partner_id ?? '');
  return { ...person, secret: await world.addAuthenticator(person.id) };
}

/** In this browser and in others, signed in here by the trusted device. */
async function trusted(stage: Stage, path: string, others = OTHER_BROWSERS): Promise<void> {
  const { world } = stage.site;
  const { id, email, secret } = await trusting(stage);
  for (const userAgent of [...others, THIS_BROWSER]) {
    const visitor = world.person();
    await signInTrusting(world, visitor, secret, email);
    await world.env.db.transaction((tx) =>
      tx
        .updateTable('trusted_devices')
        .set({ user_agent: userAgent })
        .where('user_id', '=', id)
        .where('user_agent', '=', 'Browser/1')
        .execute(),
    );
    if (userAgent !== THIS_BROWSER) continue;
    await visitor.post('/sign-out');
    await visitor.signIn(email);
    await takeOver(stage, visitor, path);
  }
}

async function atCode(stage: Stage): Promise<void> {
  const { email } = await trusting(stage);
  const visitor = stage.site.world.person();
  await visitor.signIn(email);
  await takeOver(stage, visitor, '/sign-in/one-time-code');
}

/** The pages about trusted devices. */
export const TRUST_GALLERY: Readonly<Record<string, Picture>> = {
  'code-trust': atCode,
  'code-trust-refused': async (stage) => {
    await atCode(stage);
    await stage.page.locator('#trust').check();
    await sendCode(stage.page, '000000');
  },
  'home-trusted': (stage) => trusted(stage, '/'),
  'security-trusted': (stage) => trusted(stage, '/security'),
  trusted: (stage) => trusted(stage, '/security/trusted-devices'),
  'trusted-one': (stage) => trusted(stage, '/security/trusted-devices', []),
  'trusted-none': async (stage) => {
    await trusted(stage, '/security/trusted-devices', []);
    await stage.page.locator('main table button').click();
  },
};

export const TRUST_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/security/trusted-devices': ['trusted', 'trusted-one', 'trusted-none'],
};
