/** A host behind forward-auth, as it is stored, compared and put into an address: `app.example.com`, `localhost:8080`. */
export type HostName = string;

/** RFC 1035 §2.3.4 for the name, five digits for a port, and a colon. */
const MAX_LENGTH = 253 + 6;

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^((?:${LABEL}\\.)*${LABEL}|\\[::1\\])(?::([1-9]\\d{0,4}))?$`);

/**
 * The one form of a host with an optional port, or `undefined` when the text names none: lower case, without the port that
 * its scheme has anyway. A list, a path, a user or a dot at the end is no host.
 */
export function readHost(text: string): HostName | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, name = '', port] = HOST.exec(text.trim().toLowerCase()) ?? [];
  if (name === '' || Number(port ?? 1) > 65_535) return undefined;
  const isOwnPort = port === undefined || port === (isLoopback(name) ? '80' : '443');
  return isOwnPort ? name : `${name}:${port}`;
}

/** Whether two hosts have the same name, whatever their ports. */
export function hasSameName(one: HostName, other: HostName): boolean {
  return nameOf(one) === nameOf(other);
}

/** Names that a browser resolves to its own machine: they alone are served without TLS. */
export function isLoopback(host: HostName): boolean {
  const name = nameOf(host);
  return name === 'localhost' || name.endsWith('.localhost') || name === '127.0.0.1' || name === '[::1]';
}

function nameOf(host: HostName): string {
  return host.replace(/:\d+$/, '');
}

export type Scheme = 'http' | 'https';

/** `X-Forwarded-Proto`: Traefik names the upgrade to a WebSocket there. */
export function readScheme(text: string): Scheme | undefined {
  switch (text.trim().toLowerCase()) {
    case 'https':
    case 'wss':
      return 'https';
    case 'http':
    case 'ws':
      return 'http';
    default:
      return undefined;
  }
}

/** The origin of a protected host: https, and http for a loopback name that was asked for so. */
export function originOf(host: HostName, scheme: Scheme): string {
  return `${isLoopback(host) ? scheme : 'https'}://${host}`;
}
