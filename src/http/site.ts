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
  /** Where a finished sign-in may go: browsers apply `form-action` to the redirect after a form. */
  readonly portalOrigin: string | undefined;
};

type Settings = Pick<Config, 'publicUrl' | 'portalUrl' | 'hstsSubdomains'>;

export function siteOf({ publicUrl, portalUrl, hstsSubdomains }: Settings): Site {
  const { origin, host, isHttps } = publicUrl;
  const { port } = new URL(origin);
  const ownPort = isHttps ? '443' : '80';
  return {
    origin,
    hosts: port === '' ? [host, `${host}:${ownPort}`] : [host],
    https: isHttps,
    hsts: isHttps ? `max-age=63072000${hstsSubdomains ? '; includeSubDomains' : ''}` : undefined,
    port: port || ownPort,
    portalOrigin: portalUrl?.startsWith('http') ? new URL(portalUrl).origin : undefined,
  };
}
