/** A host behind forward-auth, as it is stored, compared and used in addresses: `app.example.com`, `localhost:8080`. */
export type HostName = string;

/** RFC 1035 §2.3.4 for the name, five digits for a port, and a colon. */
const MAX_LENGTH = 253 + 6;

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^((?:${LABEL}\\.)*${LABEL}|\\[::1\\])(?::([1-9]\\d{0,4}))?$`);

/**
 * The normal form of a host with an optional port, or `undefined` if the text is none: lower case, without the default
 * port of its scheme. A list, a path, a user or a final dot is invalid.
 */
export function readHost(text: string): HostName | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, name = '', port] = HOST.exec(text.trim().toLowerCase()) ?? [];
  if (name === '' || Number(port ?? 1) > 65_535) return undefined;
  const isOwnPort = port === undefined || port === (isLoopback(name) ? '80' : '443');
  return isOwnPort ? name : `${name}:${port}`;
}

/** Whether two hosts have the same name, with any port. */
export function hasSameName(one: HostName, other: HostName): boolean {
  return nameOf(one) === nameOf(other);
}

/** Names that a browser resolves to its own machine. Only these are served without TLS. */
export function isLoopback(host: HostName): boolean {
  const name = nameOf(host);
  return name === 'localhost' || name.endsWith('.localhost') || name === '127.0.0.1' || name === '[::1]';
}

function nameOf(host: HostName): string {
  return host.replace(/:\d+$/, '');
}

export type Scheme = 'http' | 'https';

/** `X-Forwarded-Proto`: Traefik also sends the scheme of a WebSocket there. */
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

/** The origin of a protected host: https; for a loopback name also http, if the request used it. */
export function originOf(host: HostName, scheme: Scheme): string {
  return `${isLoopback(host) ? scheme : 'https'}://${host}`;
}
