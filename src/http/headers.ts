import type { Site } from '#http/protocols/site.ts';

export type Headers = Readonly<Record<string, string>>;

/** The headers of every answer, built once. Only the request id, the type and the cookies vary. */
export type HeaderSets = {
  /** For pages and everything else that a browser shows. */
  readonly page: Headers;
  /** For calls of the JSON API. A browser never renders them. */
  readonly api: Headers;
  /** For static files. The caller adds the cache lifetime. */
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
 * The content security policy of a page. `form-action` also applies to every redirect after a form, so a redirect to
 * another origin goes through a page of ours (`way-on.ts`).
 *
 * @param origin another origin that may receive the forms of this page
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
