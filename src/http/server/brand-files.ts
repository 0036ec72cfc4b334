import { readHueSheet } from '#core/brand/brand.ts';
import { isLogoId } from '#core/instance/parse.ts';
import type { Env } from '#env.ts';
import { answerFile } from '#http/server/static.ts';
import type { RequestContext, ServerContext } from '#http/server-context.ts';
import { findLogo } from '#store/partners/looks.ts';
import { hueSheet, logoFile, type StaticFile, storedLogoFile } from '#ui/assets.ts';

/** The files of a brand: colours, the logo of the service, and logos that staff gave. */
export const BRAND_PATHS = ['/brand.css', '/logo', '/logo/:id'];

/** The file at one of these addresses, or `undefined`. A browser keeps it, because the address changes with the content. */
export async function answerBrandFile(server: ServerContext, context: RequestContext): Promise<Response | undefined> {
  const file = await findFile(server.env, context);
  return file && answerFile(server, context, file);
}

async function findFile(
  env: Pick<Env, 'brand' | 'config' | 'db'>,
  { pathname, search }: Pick<RequestContext, 'pathname' | 'search'>,
): Promise<StaticFile | undefined> {
  if (pathname === '/brand.css') return hueSheet(readHueSheet(search) ?? { hue: env.brand().hue, of: 'hue' });
  if (pathname !== '/logo') return findStored(env, pathname);
  const stored = logoFile(env.config) ?? (await findStored(env, env.brand().logo?.light ?? ''));
  // This address names no content, so browsers ask again.
  return stored && { ...stored, search: `?v=${stored.version}` };
}

async function findStored({ db }: Pick<Env, 'db'>, path: string): Promise<StaticFile | undefined> {
  const id = path.slice('/logo/'.length);
  const stored = isLogoId(id) ? await findLogo(db.read, id) : undefined;
  return stored && storedLogoFile(id, stored);
}
