import { type HostName, originOf, type Scheme } from '#core/portals/protected-host.ts';
import type { Env } from '#env.ts';

/** A person on the way from a protected host to our sign-in: the return address and the browser. */
export type Visit = {
  readonly host: HostName;
  readonly scheme: Scheme;
  readonly path: string;
  /** The hash of the browser's cookie on the protected host, so that no other browser can use the ticket. */
  readonly siteBrowser: string;
  readonly expiresAt: number;
};

/** A browser follows a redirect at once. A later request is from the browser history and begins again. */
const VISIT_SECONDS = 10 * 60;

const BINDING = { table: 'forward-auth', rowId: '', userId: '' };

/**
 * Our address that a proxy redirects the browser to. Its content is sealed, so only a registered host that a trusted
 * proxy asked about can be the target. Nothing is stored until the browser arrives, so programs that try every path of
 * a portal cost us no row.
 */
export function visitAddress(env: Pick<Env, 'config' | 'keys' | 'now'>, visit: Omit<Visit, 'expiresAt'>): string {
  const { host, scheme, path, siteBrowser } = visit;
  const sealable = [host, scheme, path, siteBrowser, env.now() + VISIT_SECONDS];
  const sealed = env.keys.seal('forward-auth', BINDING, JSON.stringify(sealable));
  return `${env.config.publicUrl.origin}/forward-auth/begin?visit=${sealed}`;
}

/** The content of such an address. Undefined if we did not make it. */
export function readVisit(env: Pick<Env, 'keys'>, sealed: string): Visit | undefined {
  try {
    const opened = JSON.parse(env.keys.open('forward-auth', BINDING, sealed).toString());
    // The cast is safe because only `visitAddress` seals for this purpose.
    const [host, scheme, path, siteBrowser, expiresAt] = opened as [HostName, Scheme, string, string, number];
    return { host, scheme, path, siteBrowser, expiresAt };
  } catch {
    return undefined;
  }
}

/** The return address of a visit, without a ticket. */
export function pageAddress({ host, scheme, path }: Pick<Visit, 'host' | 'scheme' | 'path'>): string {
  return originOf(host, scheme) + path;
}
