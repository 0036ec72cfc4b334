import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Problem } from '#core/instance/parse.ts';
import { cleanName } from '#core/people/name.ts';

export type PublicUrl = {
  /** `https://sign-in.example.com`, without a final slash. */
  readonly origin: string;
  /** As in the Host header: with the port, unless it is the scheme's default. */
  readonly host: string;
  readonly isHttps: boolean;
};

export type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const HOST_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
const MAILBOX = /^[^\s<>@,"]+@[^\s<>@,"]+$/;

export function parseHost(text: string): string | Problem {
  if (isIP(text) || HOST_NAME.test(text)) return text;
  return { problem: 'is neither an IP address nor a host name: write for example 127.0.0.1 or ::1 (no brackets)' };
}

export function parsePublicUrl(text: string): PublicUrl | Problem {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { problem: 'is not a web address: write for example https://sign-in.example.com' };
  }
  if (url.username || url.password) return { problem: 'must not carry a user name or password' };
  if (url.pathname !== '/' || /[?#]/.test(text)) {
    return { problem: 'must be scheme, host and port alone, without path or query: https://sign-in.example.com' };
  }
  const isHttps = url.protocol === 'https:';
  if (!isHttps && !LOOPBACK.includes(url.hostname)) {
    return { problem: 'must begin with https:// unless its host is localhost, 127.0.0.1 or [::1]' };
  }
  return Object.freeze({ origin: url.origin, host: url.host, isHttps });
}

/** `https://…`, `http://localhost…`, or a path of our own origin. */
export function parsePortalUrl(text: string): string | Problem {
  const here = 'http://localhost';
  const isPath = text.startsWith('/');
  const url = isPath ? URL.parse(text, here) : URL.parse(text);
  // `//host` and `/\host` parse as another origin.
  if (url && isPath && url.origin === here) return url.pathname + url.search + url.hash;
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  if (!url || isPath || !isWeb) {
    return { problem: 'is neither an https:// address nor a path: write for example https://portal.example.com/' };
  }
  return url.username || url.password ? { problem: 'must not carry a user name or password' } : url.href;
}

/** Where the data is stored: a file on this machine, or a PostgreSQL server for several machines. */
export type DatabaseAddress =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

export function parseDatabaseUrl(text: string, root: string): DatabaseAddress | Problem {
  if (/^postgres(ql)?:/.test(text)) return parsePostgresUrl(text);
  const path = /^sqlite:(.+)$/.exec(text)?.[1];
  if (!path || path.startsWith('//') || path.startsWith(':') || path.endsWith('/')) {
    return {
      problem:
        'is not a database address: write sqlite: and the path of a file, as sqlite:./data/sallyport.db, or postgres://USER:PASSWORD@HOST/DATABASE',
    };
  }
  return Object.freeze({ kind: 'sqlite', path: resolve(root, path) });
}

function parsePostgresUrl(text: string): DatabaseAddress | Problem {
  const url = URL.parse(text);
  if (!url || url.hostname === '' || url.pathname.length < 2) {
    return { problem: 'names no server or no database: write postgres://USER:PASSWORD@HOST/DATABASE' };
  }
  return Object.freeze({ kind: 'postgres', url: text });
}

/** `loadKeyRing` reads the ring itself, so that no message of this folder can contain key material. */
export function parseKeys(text: string): string {
  return text;
}

export type SmtpServer = {
  readonly host: string;
  readonly port: number;
  /** `implicit`: from the first byte. `starttls`: before any other command. `none`: only to this machine. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The name in our greeting (EHLO). */
  readonly helo: string;
};

// RFC 8314 §3.3, RFC 6409 §3.1.
const SMTPS_PORT = 465;
const SUBMISSION_PORT = 587;

/** Mail contains links that set passwords, so it is sent unencrypted only to this machine. */
export function parseSmtpUrl(text: string): Omit<SmtpServer, 'helo'> | Problem {
  const url = URL.parse(text);
  const isMail = (url?.protocol === 'smtp:' || url?.protocol === 'smtps:') && url.hostname !== '';
  const user = decoded(url?.username);
  const password = decoded(url?.password);
  const isWhole = user !== undefined && password !== undefined && (user === '') === (password === '');
  if (!isMail || !isWhole || (url.pathname !== '' && url.pathname !== '/') || /[?#]/.test(text)) {
    return { problem: 'is not a mail server: write smtps://USER:PASSWORD@mail.example.com:465' };
  }
  const isImplicit = url.protocol === 'smtps:';
  return Object.freeze({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isImplicit ? SMTPS_PORT : SUBMISSION_PORT) : Number(url.port),
    tls: isImplicit ? 'implicit' : LOOPBACK.includes(url.hostname) ? 'none' : 'starttls',
    user: user || undefined,
    password: password || undefined,
  });
}

/** RFC 5321 §4.1.3: a name, or an address in brackets. */
export function parseSmtpHelo(text: string): string | Problem {
  if (HOST_NAME.test(text) && !isIP(text) && text.length <= 253) return text;
  const address = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(text)?.[1] ?? '';
  if (isIP(address)) return heloOf(address);
  return { problem: 'is not a name to greet with: write mail.example.com, or an address as [192.0.2.1]' };
}

/** The name in a greeting from the host of an address. */
export function heloOf(hostname: string): string {
  const address = hostname.replace(/^\[|\]$/g, '');
  return { 0: hostname, 4: `[${address}]`, 6: `[IPv6:${address}]` }[isIP(address)] ?? hostname;
}

function decoded(text = ''): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export type Sender = { readonly name: string; readonly address: string };

/** `a@example.com` or `Name <a@example.com>`. */
export function parseMailFrom(text: string): Sender | Problem {
  const [, name = '', mailbox = text] = /^([^<>]*)<([^<>]+)>$/.exec(text) ?? [];
  const typed = name.trim().replace(/^"(.*)"$/, '$1');
  const shown = typed === '' ? '' : cleanName(typed);
  if (MAILBOX.test(mailbox) && shown !== undefined) return Object.freeze({ name: shown, address: mailbox });
  return { problem: 'is not a sender: write sign-in@example.com or Partner Interface <sign-in@example.com>' };
}

/** Steps accepted either side of the current one (RFC 6238 §5.2 recommends at most one). */
export function parseTotpWindow(text: string): 0 | 1 | Problem {
  if (text === 'standard') return 1;
  if (text === 'strict') return 0;
  return { problem: 'must be standard or strict' };
}

export function parseLogLevel(text: string): LogLevel | Problem {
  return LOG_LEVELS.find((level) => level === text) ?? { problem: `must be one of ${LOG_LEVELS.join(' ')}` };
}
