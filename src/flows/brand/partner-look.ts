import { contentVersion } from '#core/brand/brand.ts';
import { readPicture } from '#core/brand/image.ts';
import { changedParts, type PartnerLook, readLook, type TypedLook, typedLook, withLogo } from '#core/brand/look.ts';
import { SCHEMES, type Scheme } from '#core/brand/palette.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { createLogo, deleteOtherLogos, setLook } from '#store/partners/looks.ts';
import { lockPartner } from '#store/partners/partners.ts';
import type { LogoTable } from '#store/partners/tables.ts';
import type { Partner } from '#store/people/users.ts';

/** Sets name, hue and help line for the people of a partner; its logos stay. */
export async function changeLook(
  env: Env,
  actor: Actor,
  partnerId: string,
  typed: TypedLook,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  const read = readLook(typed);
  if (isRefusal(read)) return read;
  return actingTransaction(env, actor, around, (tx) =>
    change(env, tx, { actor, partnerId }, ({ logo }) => (logo === undefined ? read : { ...read, logo })),
  );
}

/** Parts of a look to change, typed or as a file. The empty text and `null` take a part away; an absent part stays. */
export type LookParts = Partial<TypedLook> & { readonly logos: { readonly [One in Scheme]?: Buffer | null } };

/** Changes some parts of the look of a partner, logos too, all of them or none. */
export async function changeLookParts(
  env: Env,
  actor: Actor,
  partnerId: string,
  { logos, ...typed }: LookParts,
): Promise<Partner | Refusal> {
  const files: LogoTable[] = [];
  const ids: { [One in Scheme]?: string | undefined } = {};
  for (const scheme of SCHEMES) {
    const file = logos[scheme];
    if (file === undefined) continue;
    const logo = file === null ? undefined : readLogoFile(env, partnerId, file);
    if (isRefusal(logo)) return logo;
    if (logo !== undefined && files.every(({ id }) => id !== logo.id)) files.push(logo);
    ids[scheme] = logo?.id;
  }
  return actingTransaction(env, actor, plainly, async (tx) => {
    const changed = await change(env, tx, { actor, partnerId }, ({ logo, ...look }) => {
      const read = readLook({ ...typedLook(look), ...typed });
      if (isRefusal(read)) return read;
      const before: PartnerLook = logo === undefined ? read : { ...read, logo };
      return SCHEMES.reduce((next, scheme) => (scheme in ids ? withLogo(next, scheme, ids[scheme]) : next), before);
    });
    if (!isRefusal(changed)) for (const file of files) await createLogo(tx, file);
    return changed;
  });
}

export type NewLogo = { readonly scheme: Scheme; readonly file: Buffer };

/** Gives a partner a logo for one scheme. */
export async function changeLogo(
  env: Env,
  actor: Actor,
  partnerId: string,
  { scheme, file }: NewLogo,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  const logo = readLogoFile(env, partnerId, file);
  if (isRefusal(logo)) return logo;
  return actingTransaction(env, actor, around, async (tx) => {
    const changed = await change(env, tx, { actor, partnerId }, (look) => withLogo(look, scheme, logo.id));
    if (!isRefusal(changed)) await createLogo(tx, logo);
    return changed;
  });
}

/** Takes away the logo of one scheme. */
export async function removeLogo(
  env: Env,
  actor: Actor,
  partnerId: string,
  scheme: Scheme,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  return actingTransaction(env, actor, around, (tx) =>
    change(env, tx, { actor, partnerId }, (look) => withLogo(look, scheme, undefined)),
  );
}

type Doing = { readonly actor: Actor; readonly partnerId: string };

async function change(
  env: Env,
  tx: Queries,
  { actor, partnerId }: Doing,
  next: (look: PartnerLook) => PartnerLook | Refusal,
): Promise<Partner | Refusal> {
  const before = await lockPartner(tx, partnerId);
  if (!before) return refuse('not_found', { reason: 'partner' });
  const { look: old = {}, ...partner } = before;
  const look = next(old);
  if (isRefusal(look)) return look;
  const parts = changedParts(old, look);
  if (parts.length === 0) return before;
  await setLook(tx, partnerId, look);
  await deleteOtherLogos(tx, partnerId, Object.values(look.logo ?? {}));
  const event = { action: 'partner.look_changed', partner: partnerId, detail: { parts } } as const;
  await appendEvent(env, tx, { ...event, actor: actorId(actor) }, actorClient(actor));
  return Object.keys(look).length === 0 ? partner : { ...partner, look };
}

/**
 * A file as the logo that is stored and served, or why it is refused.
 *
 * @param owner a partner; null: the service
 */
export function readLogoFile({ now }: Pick<Env, 'now'>, owner: string | null, file: Buffer): LogoTable | Refusal {
  const picture = readPicture(file);
  if (isRefusal(picture)) return picture;
  const { type, width, height, bytes } = picture;
  // With the owner in it: somebody who has the file cannot ask by its address whether a partner is here.
  const id = contentVersion(Buffer.concat([Buffer.from(`${owner ?? ''}\n`), bytes]));
  return { id, partner_id: owner, type, width, height, content: bytes.toString('base64'), created_at: now() };
}
