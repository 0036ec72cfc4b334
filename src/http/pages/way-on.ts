import type { Config } from '#config.ts';
import { PATHS } from '#core/paths.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import type { PageRoute } from '#http/route.ts';

const PARAMETER = 'to';
const BINDING = { table: 'way-on', rowId: '', userId: '' };

/**
 * The address of the page of ours between a form and another origin.
 *
 * Chromium applies `form-action` to every redirect after a form, also to those that another server adds: one that it does
 * not like leaves the form standing, without a word. A chain that ends on this page ends with us, and the page leads on.
 * The target is sealed: nobody can make an address of ours that leads to theirs.
 */
export function wayOnAddress(keys: KeyRing, target: string): string {
  return `${PATHS.wayOn}?${PARAMETER}=${keys.seal('way-on', BINDING, target)}`;
}

/** Where that page leads; nothing for an address that we did not make. */
export function readWayOn(keys: KeyRing, query: URLSearchParams): string | undefined {
  try {
    return keys.open('way-on', BINDING, query.get(PARAMETER) ?? '').toString();
  } catch {
    return undefined;
  }
}

/** Whether a redirect leads away from our pages, where another server decides on the next one. */
export function leavesUs(
  { portalUrl }: Pick<Config, 'portalUrl'>,
  pages: ReadonlyMap<string, PageRoute>,
  location: string,
): boolean {
  if (!location.startsWith('/')) return true;
  // The portal can stand on our own host: then a path that is no page of ours is the portal's.
  const portalIsHere = portalUrl?.startsWith('/') === true;
  const [path = ''] = location.split(/[?#]/);
  return portalIsHere && ![...pages.keys()].some((pattern) => fits(pattern, path));
}

function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}
