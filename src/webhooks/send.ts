import { lookup as systemLookup } from 'node:dns/promises';
import { type ClientRequest, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLocalHost } from '#core/portals/webhook.ts';
import { isPublicAddress } from '#core/values/address.ts';

export type Resolved = { readonly address: string; readonly family: number };

/** Every address of a name. `localhost` and similar names are not resolved. */
export type Resolver = (hostname: string) => Promise<readonly Resolved[]>;

export type Post = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** The result of a try. The fault is a code of ours, never the receiver's text. */
export type Taken = { readonly taken: true } | { readonly taken: false; readonly fault: string; readonly gone?: true };

type Options = {
  readonly resolve?: Resolver;
  readonly allowLocal: boolean;
  /** Also allows addresses of the operator's own network. */
  readonly allowPrivate?: boolean;
  readonly timeoutSeconds?: number;
};

const TIMEOUT_SECONDS = 10;
/** Only the status of an answer is used, so its body may be short. */
const ANSWER_BYTES_MOST = 16 * 1024;

/**
 * Posts only to an address on the public Internet. The name is resolved once, all its addresses must be public, and the
 * connection goes to the checked address. So a name that resolves differently the second time (DNS rebinding) has no
 * effect. Redirects are not followed.
 */
export async function post(sent: Post, options: Options): Promise<Taken> {
  const url = new URL(sent.url);
  const target = await targetOf(url, options);
  if ('fault' in target) return { taken: false, fault: target.fault };
  return send(url, target, sent, options.timeoutSeconds ?? TIMEOUT_SECONDS);
}

async function targetOf({ hostname, protocol }: URL, options: Options) {
  const { resolve = resolveAll, allowLocal, allowPrivate = false } = options;
  if (allowLocal && protocol === 'http:' && isLocalHost(hostname)) {
    return hostname === '[::1]' ? { address: '::1', family: 6 } : { address: '127.0.0.1', family: 4 };
  }
  // The setting was turned off after this webhook was created.
  if (protocol !== 'https:') return { fault: 'not_https' };
  const bare = hostname.replace(/^\[|\]$/g, '');
  const literal = isIP(bare);
  const found = literal !== 0 ? [{ address: bare, family: literal }] : await resolve(bare).catch(() => []);
  const [first] = found;
  if (!first) return { fault: 'name_unknown' };
  return allowPrivate || found.every(({ address }) => isPublicAddress(address)) ? first : { fault: 'address_refused' };
}

function resolveAll(hostname: string): Promise<readonly Resolved[]> {
  return systemLookup(hostname, { all: true });
}

function send(url: URL, target: Resolved, { headers, body }: Post, seconds: number): Promise<Taken> {
  return new Promise((resolve) => {
    const begin = url.protocol === 'https:' ? secureRequest : plainRequest;
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: pinnedTo(target),
      // A reused connection of another name would bypass the check.
      agent: false,
    } as const;
    const request = begin(url, options, (answer) => {
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_MOST) finish(takenBy(answer.statusCode ?? 0));
      });
      answer.on('end', () => finish(takenBy(answer.statusCode ?? 0)));
      answer.on('error', () => finish({ taken: false, fault: 'connection_broken' }));
    });
    const timer = setTimeout(() => finish({ taken: false, fault: 'timeout' }), seconds * 1000);
    const finish = (outcome: Taken): void => {
      clearTimeout(timer);
      resolve(outcome);
      request.destroy();
    };
    failing(request, finish);
    request.end(body);
  });
}

function failing(request: ClientRequest, finish: (outcome: Taken) => void): void {
  request.on('error', (error: NodeJS.ErrnoException) => {
    finish({ taken: false, fault: /CERT|TLS|SSL|SIGNATURE/.test(error.code ?? '') ? 'tls' : 'connection_failed' });
  });
}

/** 410 means that nobody wants it any more (Standard Webhooks). Everything except 2xx is retried. */
function takenBy(status: number): Taken {
  if (status >= 200 && status < 300) return { taken: true };
  const fault = `status_${status}`;
  return status === 410 ? { taken: false, fault, gone: true } : { taken: false, fault };
}

/** Answers the checked address for every name, in the two forms that Node calls. */
function pinnedTo({ address, family }: Resolved): LookupFunction {
  return (_, { all }, done) => {
    if (all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}
