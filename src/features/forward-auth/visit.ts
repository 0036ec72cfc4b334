import { type HostName, originOf, type Scheme } from '#core/portals/protected-host.ts';
import type { Env } from '#env.ts';

/** A person on the way from a protected host to our sign-in: where they return to, and in which browser. */
export type Visit = {
  readonly host: HostName;
  readonly scheme: Scheme;
  readonly path: string;
  /** The hash of the cookie that the browser has on the protected host: no other browser can use the ticket. */
  readonly siteBrowser: string;
  readonly expiresAt: number;
};

/** A browser follows a redirect at once; later the address is one out of a history, and begins again. */
const VISIT_SECONDS = 10 * 60;

const BINDING = { table: 'forward-auth', rowId: '', userId: '' };

/**
 * The address of ours that a proxy sends the browser to. What it carries is sealed: only a registered host, asked about by
 * a trusted proxy, can be returned to. Nothing is written down until the browser comes, so that programs that try every
 * path of a portal cost us no row.
 */
export function visitAddress(env: Pick<Env, 'config' | 'keys' | 'now'>, visit: Omit<Visit, 'expiresAt'>): string {
  const { host, scheme, path, siteBrowser } = visit;
  const sealable = [host, scheme, path, siteBrowser, env.now() + VISIT_SECONDS];
  const sealed = env.keys.seal('forward-auth', BINDING, JSON.stringify(sealable));
  return `${env.config.publicUrl.origin}/forward-auth/begin?visit=${sealed}`;
}

/** What such an address carries; nothing for one that we did not make. */
export function readVisit(env: Pick<Env, 'keys'>, sealed: string): Visit | undefined {
  try {
    const opened = JSON.parse(env.keys.open('forward-auth', BINDING, sealed).toString());
    // Only `visitAddress` seals for this purpose.
    const [host, scheme, path, siteBrowser, expiresAt] = opened as [HostName, Scheme, string, string, number];
    return { host, scheme, path, siteBrowser, expiresAt };
  } catch {
    return undefined;
  }
}

/** Where a visit returns to, without a ticket. */
export function pageAddress({ host, scheme, path }: Pick<Visit, 'host' | 'scheme' | 'path'>): string {
  return originOf(host, scheme) + path;
}
