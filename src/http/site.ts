import type { Config } from '#config.ts';

/** What every check and header needs of the public URL, worked out once at start. */
export type Site = {
  readonly origin: string;
  /** The values of `Host` that mean us: as the URL has it, and with the scheme's own port spelled out. */
  readonly hosts: readonly string[];
  readonly https: boolean;
  readonly port: string;
  /** Where a finished sign-in may go: browsers apply `form-action` to the redirect after a form. */
  readonly portalOrigin: string | undefined;
};

export function siteOf({ publicUrl, portalUrl }: Pick<Config, 'publicUrl' | 'portalUrl'>): Site {
  const { origin, host, isHttps } = publicUrl;
  const { port } = new URL(origin);
  const ownPort = isHttps ? '443' : '80';
  return {
    origin,
    hosts: port === '' ? [host, `${host}:${ownPort}`] : [host],
    https: isHttps,
    port: port || ownPort,
    portalOrigin: portalUrl?.startsWith('http') ? new URL(portalUrl).origin : undefined,
  };
}
