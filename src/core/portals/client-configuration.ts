type Configured = {
  /** The public URL of this server, without a path. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent where there is none, or where it is not known any more. */
  readonly secret?: string | undefined;
  readonly redirectUri: string | undefined;
};

/** What a portal has to be told, one setting a line, to be copied into its environment. */
export function clientConfiguration({ issuer, clientId, secret, redirectUri }: Configured): readonly string[] {
  return [
    `OIDC_ISSUER=${issuer}`,
    `OIDC_DISCOVERY_URL=${discoveryUrl(issuer)}`,
    `OIDC_CLIENT_ID=${clientId}`,
    ...(secret === undefined ? [] : [`OIDC_CLIENT_SECRET=${secret}`]),
    ...(redirectUri === undefined ? [] : [`OIDC_REDIRECT_URI=${redirectUri}`]),
  ];
}

/** Where everything else about this server can be read: OpenID Connect Discovery 1.0 §4. */
function discoveryUrl(issuer: string): string {
  return `${issuer}/.well-known/openid-configuration`;
}
