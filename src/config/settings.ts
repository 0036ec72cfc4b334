import {
  type Problem,
  parseProductName,
  parseResetsBy,
  parseSupportContact,
  parseSwitch,
  wholeNumber,
} from '#core/instance/parse.ts';
import { readLogo } from './logo.ts';
import {
  parseDatabaseUrl,
  parseHost,
  parseKeys,
  parseLogLevel,
  parseMailFrom,
  parsePortalUrl,
  parsePublicUrl,
  parseSmtpHelo,
  parseSmtpUrl,
  parseTotpWindow,
} from './parse.ts';

export type Setting = {
  readonly name: string;
  /** The value if the setting is not given; it is parsed in the same way. */
  readonly default?: string;
  /** The default in words, if it depends on another setting. */
  readonly shownDefault?: string;
  readonly about: string;
  /** Administrators can set it in the console. So without a value here it is absent, and its default is decided later. */
  readonly onPage?: true;
  /** Can also be in a file whose path is in `NAME_FILE`, and is never printed. */
  readonly secret?: true;
  readonly parse: (text: string, root: string) => unknown;
};

/** Every setting. The start, `sallyport config` and `docs/settings.md` all use this table. */
export const SETTINGS = {
  host: { name: 'HOST', default: '127.0.0.1', about: 'The address to listen on.', parse: parseHost },
  port: {
    name: 'PORT',
    default: '3000',
    about: 'The port to listen on. `0` lets the system choose and needs `SALLYPORT_PUBLIC_URL`.',
    parse: wholeNumber(0, 65_535, '3000'),
  },
  publicUrl: {
    name: 'SALLYPORT_PUBLIC_URL',
    shownDefault: 'http://localhost:$PORT',
    about:
      'Where people reach this service: scheme, host and port. Every link, cookie and origin check comes from here. Must be https unless the host is localhost, 127.0.0.1 or [::1].',
    parse: parsePublicUrl,
  },
  database: {
    name: 'SALLYPORT_DATABASE_URL',
    default: 'sqlite:./data/sallyport.db',
    about:
      '`sqlite:` and a path, relative to the checkout (the package: to where it is started), for one machine; or `postgres://USER:PASSWORD@HOST/DATABASE` (PostgreSQL 15 or newer) for any number.',
    secret: true,
    parse: parseDatabaseUrl,
  },
  databaseConnections: {
    name: 'SALLYPORT_DATABASE_CONNECTIONS',
    default: '10',
    about: 'The largest number of connections that one process opens to PostgreSQL, 2 to 100. SQLite ignores it.',
    parse: wholeNumber(2, 100, '10'),
  },
  keysText: {
    name: 'SALLYPORT_KEYS',
    shownDefault:
      'with SQLite the file `keys` beside the database, made at the first start; with PostgreSQL it has to be given',
    about:
      'The key ring, `k2:BASE64,k1:BASE64`: 32 random bytes each, the first is active. Losing it loses every authenticator.',
    secret: true,
    parse: parseKeys,
  },
  productName: {
    name: 'SALLYPORT_PRODUCT_NAME',
    default: 'Partner Interface',
    onPage: true,
    about: 'Shown on pages, in email and in authenticator apps. 1 to 60 characters, no colon.',
    parse: parseProductName,
  },
  accentHue: {
    name: 'SALLYPORT_ACCENT_HUE',
    default: '262',
    onPage: true,
    about: 'The hue of buttons and links, 0 to 360 degrees.',
    parse: wholeNumber(0, 360, '262'),
  },
  logo: {
    name: 'SALLYPORT_LOGO_FILE',
    onPage: true,
    about:
      'A PNG, SVG, JPEG or WebP file of at most 256 KiB, read at start. A relative path starts where that of the database does.',
    parse: readLogo,
  },
  portalUrl: {
    name: 'SALLYPORT_PORTAL_URL',
    shownDefault: 'the built-in home page',
    about:
      'Where a finished sign-in goes when nothing else asked for it: an https address (http on localhost), or a path.',
    parse: parsePortalUrl,
  },
  supportContact: {
    name: 'SALLYPORT_SUPPORT_CONTACT',
    onPage: true,
    about: 'Shown where a person needs help: an address, a telephone number or a sentence.',
    parse: parseSupportContact,
  },
  smtp: {
    name: 'SALLYPORT_SMTP_URL',
    about:
      'The server that sends email: `smtps://USER:PASSWORD@HOST` (port 465), or `smtp://…` (port 587, with STARTTLS). Without it email stays in the outbox. See docs/mail.md.',
    secret: true,
    parse: parseSmtpUrl,
  },
  mailFrom: {
    name: 'SALLYPORT_MAIL_FROM',
    about:
      'The sender of email, as `Partner Interface <sign-in@example.com>`: needed with `SALLYPORT_SMTP_URL`, and only with it.',
    parse: parseMailFrom,
  },
  smtpHelo: {
    name: 'SALLYPORT_SMTP_HELO',
    shownDefault: 'the host of `SALLYPORT_PUBLIC_URL`',
    about:
      'The name in the greeting to the mail server (EHLO). It has a dot, and resolves to this machine where the server checks that. Only with `SALLYPORT_SMTP_URL`.',
    parse: parseSmtpHelo,
  },
  trustedProxies: {
    name: 'SALLYPORT_TRUSTED_PROXIES',
    default: '0',
    about: 'How many proxy hops in front of this service may say who is calling (`X-Forwarded-*`), 0 to 10.',
    parse: wholeNumber(0, 10, '1'),
  },
  hstsSubdomains: {
    name: 'SALLYPORT_HSTS_SUBDOMAINS',
    default: 'on',
    about:
      '`on`: for two years browsers use only https, for the host of the public URL and every host below it; `off`: for that host only.',
    parse: parseSwitch,
  },
  totpWindow: {
    name: 'SALLYPORT_TOTP_WINDOW',
    default: 'standard',
    about: '`standard`: one 30-second step either side is accepted; `strict`: only the current step.',
    parse: parseTotpWindow,
  },
  staffPasskeys: {
    name: 'SALLYPORT_STAFF_PASSKEYS',
    default: 'off',
    about:
      '`on`: the second factor of staff must be a passkey. Who has none sets one up at the next sign-in, after a code. `off`: an authenticator app will do.',
    parse: parseSwitch,
  },
  resetsBy: {
    name: 'SALLYPORT_RESETS_BY',
    default: 'staff',
    onPage: true,
    about:
      'Who may reset the MFA of people of a partner: `staff`, or `administrators` alone. An API key with the scope for it may in both cases.',
    parse: parseResetsBy,
  },
  resetSecondApprover: {
    name: 'SALLYPORT_RESET_SECOND_APPROVER',
    default: 'off',
    onPage: true,
    about: '`on`: a reset of MFA waits for 24 hours until a second member of staff agrees; `off`: it is done at once.',
    parse: parseSwitch,
  },
  accessCodeMinutes: {
    name: 'SALLYPORT_ACCESS_CODE_MINUTES',
    default: '1440',
    onPage: true,
    about: 'The longest time for which a temporary access code is valid after a reset, 10 to 1440 minutes.',
    parse: wholeNumber(10, 1440, '60'),
  },
  resetFreezeHours: {
    name: 'SALLYPORT_RESET_FREEZE_HOURS',
    default: '0',
    onPage: true,
    about:
      'Hours after a password reset by email in which authenticator, recovery codes and email cannot be changed, 0 to 720. 0 freezes nothing; 48 is a good value.',
    parse: wholeNumber(0, 720, '48'),
  },
  localWebhooks: {
    name: 'SALLYPORT_LOCAL_WEBHOOKS',
    default: 'off',
    about:
      '`on`: webhooks may also go to `http://localhost`, 127.0.0.1 and [::1], for development. `off`: only to https addresses of the public Internet.',
    parse: parseSwitch,
  },
  logLevel: {
    name: 'SALLYPORT_LOG_LEVEL',
    default: 'info',
    about: '`fatal`, `error`, `warn`, `info`, `debug` or `trace`.',
    parse: parseLogLevel,
  },
  metricsPort: {
    name: 'SALLYPORT_METRICS_PORT',
    about: 'The port of `GET /metrics` for Prometheus, on the address of `HOST`. Without it nothing is measured.',
    parse: wholeNumber(1, 65_535, '9464'),
  },
  workers: {
    name: 'SALLYPORT_WORKERS',
    default: '1',
    about:
      'How many processes serve behind the one port, 1 to 256. With PostgreSQL as many as there are cores, with SQLite 1.',
    parse: wholeNumber(1, 256, '1'),
  },
  stopGraceSeconds: {
    name: 'SALLYPORT_STOP_GRACE_SECONDS',
    default: '7',
    about:
      'How long requests are still served after SIGTERM, while `/readyz` says `stopping`, 0 to 300. Longer than the balancer needs to notice.',
    parse: wholeNumber(0, 300, '7'),
  },
  auditRetentionDays: {
    name: 'SALLYPORT_AUDIT_RETENTION_DAYS',
    about:
      'How many days audit events are kept. Older sealed batches are removed and leave a signed checkpoint. Without it all events are kept.',
    parse: wholeNumber(1, 36_500, '365'),
  },
} as const satisfies Record<string, Setting>;

type Parsed<S extends Setting> = Exclude<ReturnType<S['parse']>, Problem>;

/** The result of each row's parser; a row without a default may be absent. */
export type SettingValues = {
  readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends { readonly onPage: true }
    ? Parsed<(typeof SETTINGS)[K]> | undefined
    : (typeof SETTINGS)[K] extends { readonly default: string }
      ? Parsed<(typeof SETTINGS)[K]>
      : Parsed<(typeof SETTINGS)[K]> | undefined;
};
