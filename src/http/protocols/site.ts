import type { Config } from '#config.ts';

/** Values from the public URL for every check and header, computed once at start. */
export type Site = {
  readonly origin: string;
  /** The accepted values of `Host`: as in the URL, and with the default port added. */
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
