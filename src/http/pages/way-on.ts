import type { Config } from '#config.ts';
import { PATHS } from '#core/paths.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import type { PageRoute } from '#http/route.ts';

const PARAMETER = 'to';
const BINDING = { table: 'way-on', rowId: '', userId: '' };

/**
 * The address of our own page between a form and another origin.
 *
 * Chromium applies `form-action` to every redirect after a form, also to redirects by another server. If it blocks one,
 * the form stays open without a message. So the redirects end at this page, which then leads on. The target is sealed,
 * so nobody else can create an address of ours that redirects to their site.
 */
export function wayOnAddress(keys: KeyRing, target: string): string {
  return `${PATHS.wayOn}?${PARAMETER}=${keys.seal('way-on', BINDING, target)}`;
}

/** The target of that page; undefined for an address that we did not make. */
export function readWayOn(keys: KeyRing, query: URLSearchParams): string | undefined {
  try {
    return keys.open('way-on', BINDING, query.get(PARAMETER) ?? '').toString();
  } catch {
    return undefined;
  }
}

/** Whether a redirect leaves our pages, so that another server decides about the next redirect. */
export function leavesUs(
  { portalUrl }: Pick<Config, 'portalUrl'>,
  pages: ReadonlyMap<string, PageRoute>,
  location: string,
): boolean {
  if (!location.startsWith('/')) return true;
  // The portal can be on our own host. Then a path that is not one of our pages belongs to the portal.
  const portalIsHere = portalUrl?.startsWith('/') === true;
  const [path = ''] = location.split(/[?#]/);
  return portalIsHere && ![...pages.keys()].some((pattern) => fits(pattern, path));
}

function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}
