import type { Config } from '#config.ts';

/** What every check and header needs of the public URL, worked out once at start. */
export type Site = {
  readonly origin: string;
  /** The values of `Host` that mean us: as the URL has it, and with the scheme's own port spelled out. */
  readonly hosts: readonly string[];
  readonly https: boolean;
  /** The value of Strict-Transport-Security; absent without https. */
  readonly hsts: string | undefined;
  readonly port: string;
};

export function siteOf({ publicUrl, hstsSubdomains }: Pick<Config, 'publicUrl' | 'hstsSubdomains'>): Site {
  const { origin, host, isHttps } = publicUrl;
  const { port } = new URL(origin);
  const ownPort = isHttps ? '443' : '80';
  return {
    origin,
    hosts: port === '' ? [host, `${host}:${ownPort}`] : [host],
    https: isHttps,
    hsts: isHttps ? `max-age=63072000${hstsSubdomains ? '; includeSubDomains' : ''}` : undefined,
    port: port || ownPort,
  };
}
