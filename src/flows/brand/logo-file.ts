import { contentVersion } from '#core/brand/brand.ts';
import { readPicture } from '#core/brand/image.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { LogoTable } from '#store/partners/tables.ts';

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
