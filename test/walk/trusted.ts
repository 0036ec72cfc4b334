import type { World } from '../world.ts';
import type { Sender } from './acting.ts';
import { signedIn } from './apps.ts';

const PAGE = '/security/trusted-devices';

/** A trusted device of a person, in another browser. */
export async function addTrusted({ env, clock }: World, userId: string): Promise<string> {
  const id = env.newId();
  const life = { created_at: clock.at, last_used_at: clock.at, expires_at: clock.at + 3600 };
  const secret = { secret_hash: id, previous_secret_hash: null, authenticators: 'x', address: null, user_agent: null };
  const row = { id, user_id: userId, ...secret, ...life };
  await env.db.transaction((tx) => tx.insertInto('trusted_devices').values(row).execute());
  return id;
}

async function withTrusted(world: World) {
  const { browser, user } = await signedIn(world);
  // The page offers to end all of them where there are several.
  const [id] = [await addTrusted(world, user.id), await addTrusted(world, user.id)];
  return { browser, from: PAGE, id };
}

/** The forms about trusted devices. */
export const TRUST_FORMS = {
  [`${PAGE}/end`]: async (world: World) => {
    const { browser, from, id } = await withTrusted(world);
    return { browser, from, action: `${PAGE}/end`, fields: { id } };
  },
  [`${PAGE}/end-all`]: async (world: World) => {
    const { browser, from } = await withTrusted(world);
    return { browser, from, action: `${PAGE}/end-all` };
  },
};

/** Requests about trusted devices. */
export const TRUST_ACTS = {
  [`POST ${PAGE}/end`]: async (world: World, { userId }: Sender) => ({
    fields: { id: await addTrusted(world, userId) },
  }),
  [`POST ${PAGE}/end-all`]: async (world: World, { userId }: Sender) => {
    await addTrusted(world, userId);
    return {};
  },
};
