import type { Site } from '#http/protocols/site.ts';

export type Headers = Readonly<Record<string, string>>;

/** The headers of every answer, made once: only the request id, the type and the cookies differ. */
export type HeaderSets = {
  /** Pages and everything a browser shows. */
  readonly page: Headers;
  /** Calls of the JSON API: nothing there is ever drawn. */
  readonly api: Headers;
  /** Static files: the caller adds how long they keep. */
  readonly file: Headers;
};

export function headerSets(site: Site): HeaderSets {
  const everywhere = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...(site.hsts === undefined ? {} : { 'strict-transport-security': site.hsts }),
  };
  return {
    page: {
      ...everywhere,
      'cache-control': 'no-store',
      'content-security-policy': policyWith(),
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': PERMISSIONS,
    },
    api: { ...everywhere, 'cache-control': 'no-store', 'content-security-policy': NOTHING },
    file: { ...everywhere, 'content-security-policy': `${NOTHING}; sandbox` },
  };
}

const NOTHING = "default-src 'none'; frame-ancestors 'none'";

const PERMISSIONS = [
  ...['camera', 'microphone', 'geolocation', 'payment', 'usb', 'display-capture'].map((feature) => `${feature}=()`),
  ...['clipboard-write', 'publickey-credentials-get', 'publickey-credentials-create'].map((name) => `${name}=(self)`),
].join(', ');

/**
 * The policy of a page. `form-action` is applied to every redirect after a form, too: what leads elsewhere goes over a
 * page of ours (`way-on.ts`).
 *
 * @param origin where a form of this one page may be sent, beside us
 */
export function policyWith(origin?: string): string {
  const forms = `form-action 'self'${origin === undefined ? '' : ` ${origin}`}`;
  return [...SOURCES, forms, ...FRAMES].join('; ');
}

const SOURCES = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
];

const FRAMES = ["frame-ancestors 'none'", "base-uri 'none'"];
