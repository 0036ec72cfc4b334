import { readLogo } from './logo.ts';
import {
  type Problem,
  parseDatabaseUrl,
  parseHost,
  parseKeys,
  parseLogLevel,
  parseMailFrom,
  parsePortalUrl,
  parseProductName,
  parsePublicUrl,
  parseSmtpHelo,
  parseSmtpUrl,
  parseSupportContact,
  parseSwitch,
  parseTotpWindow,
  wholeNumber,
} from './parse.ts';

export type Setting = {
  readonly name: string;
  /** What stands when it is not given; parsed as if it had been. */
  readonly default?: string;
  /** The default in words, where it depends on another setting. */
  readonly shownDefault?: string;
  readonly about: string;
  /** May also be given as the path of a file in `NAME_FILE`, and is never printed. */
  readonly secret?: true;
  readonly parse: (text: string, root: string) => unknown;
};

/** Every setting there is: the start, `sallyport config` and `docs/settings.md` read this one table. */
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
      '`sqlite:` and a path, relative to the checkout, for one machine; or `postgres://USER:PASSWORD@HOST/DATABASE` (PostgreSQL 15 or newer) for any number.',
    secret: true,
    parse: parseDatabaseUrl,
  },
  databaseConnections: {
    name: 'SALLYPORT_DATABASE_CONNECTIONS',
    default: '10',
    about: 'Connections to PostgreSQL that one process keeps at most, 2 to 100. SQLite has no use for it.',
    parse: wholeNumber(2, 100, '10'),
  },
  keysText: {
    name: 'SALLYPORT_KEYS',
    shownDefault:
      'with SQLite the file `keys` beside the database, made at the first start; with PostgreSQL it has to be given',
    about:
      'The key ring, `k2:BASE64,k1:BASE64`: 32 random bytes each, the first is active. Whoever loses it loses every authenticator.',
    secret: true,
    parse: parseKeys,
  },
  productName: {
    name: 'SALLYPORT_PRODUCT_NAME',
    default: 'Partner Interface',
    about: 'Shown on pages, in mail and in authenticator apps. 1 to 60 characters, no colon.',
    parse: parseProductName,
  },
  accentHue: {
    name: 'SALLYPORT_ACCENT_HUE',
    default: '262',
    about: 'The hue of buttons and links, 0 to 360 degrees.',
    parse: wholeNumber(0, 360, '262'),
  },
  logo: {
    name: 'SALLYPORT_LOGO_FILE',
    about: 'A PNG, SVG, JPEG or WebP file of at most 256 KiB, read at start. Relative to the checkout.',
    parse: readLogo,
  },
  portalUrl: {
    name: 'SALLYPORT_PORTAL_URL',
    shownDefault: 'the built-in home page',
    about:
      'Where a finished sign-in goes when it has no better place: an https address (http on localhost), or a path.',
    parse: parsePortalUrl,
  },
  supportContact: {
    name: 'SALLYPORT_SUPPORT_CONTACT',
    about: 'Shown where a person needs a human: an address, a telephone number or a sentence.',
    parse: parseSupportContact,
  },
  smtp: {
    name: 'SALLYPORT_SMTP_URL',
    about:
      'The server that takes our mail: `smtps://USER:PASSWORD@HOST` (port 465), or `smtp://…` (port 587), where TLS by STARTTLS is demanded unless the host is localhost, 127.0.0.1 or [::1]. Without it mail stays in the outbox. docs/mail.md has the rest.',
    secret: true,
    parse: parseSmtpUrl,
  },
  mailFrom: {
    name: 'SALLYPORT_MAIL_FROM',
    about:
      'The sender of mail, as `Partner Interface <sign-in@example.com>`: needed with `SALLYPORT_SMTP_URL`, and only with it.',
    parse: parseMailFrom,
  },
  smtpHelo: {
    name: 'SALLYPORT_SMTP_HELO',
    shownDefault: 'the host of `SALLYPORT_PUBLIC_URL`',
    about:
      'The name that greets the mail server (EHLO): one with a dot, which leads to this machine where the server checks that. Only with `SALLYPORT_SMTP_URL`.',
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
      '`on`: browsers also reach every host below that of the public URL by https alone, for two years; `off`: that host alone.',
    parse: parseSwitch,
  },
  totpWindow: {
    name: 'SALLYPORT_TOTP_WINDOW',
    default: 'standard',
    about: '`standard`: one 30-second step either side is accepted; `strict`: the current step alone.',
    parse: parseTotpWindow,
  },
  resetSecondApprover: {
    name: 'SALLYPORT_RESET_SECOND_APPROVER',
    default: 'off',
    about:
      '`on`: a reset of MFA in the console waits for 24 hours until a second member of staff agrees; `off`: it is done at once.',
    parse: parseSwitch,
  },
  resetFreezeHours: {
    name: 'SALLYPORT_RESET_FREEZE_HOURS',
    default: '0',
    about:
      'Hours after a new password by mail link in which an authenticator cannot be replaced or turned off, recovery codes cannot be renewed and the email cannot be changed, 0 to 720; 48 is a good number, 0 freezes nothing.',
    parse: wholeNumber(0, 720, '48'),
  },
  localWebhooks: {
    name: 'SALLYPORT_LOCAL_WEBHOOKS',
    default: 'off',
    about:
      '`on`: webhooks may also go to `http://localhost`, 127.0.0.1 and [::1], for development. `off`: to https addresses of the public Internet alone.',
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
    about: 'How many processes serve behind the one port, 1 to 256: as many as there are cores, and with SQLite 1.',
    parse: wholeNumber(1, 256, '1'),
  },
  stopGraceSeconds: {
    name: 'SALLYPORT_STOP_GRACE_SECONDS',
    default: '7',
    about:
      'How long after SIGTERM requests are still served while `/readyz` says `stopping`, 0 to 300: longer than the balancer in front needs to notice.',
    parse: wholeNumber(0, 300, '7'),
  },
  auditRetentionDays: {
    name: 'SALLYPORT_AUDIT_RETENTION_DAYS',
    about:
      'Days that audit events are kept: older sealed batches are removed and a signed checkpoint stays. Without it all are kept.',
    parse: wholeNumber(1, 36_500, '365'),
  },
} as const satisfies Record<string, Setting>;

type Parsed<S extends Setting> = Exclude<ReturnType<S['parse']>, Problem>;

/** What each row's parser makes; a row without a default may be absent. */
export type SettingValues = {
  readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends { readonly default: string }
    ? Parsed<(typeof SETTINGS)[K]>
    : Parsed<(typeof SETTINGS)[K]> | undefined;
};

/** The text of `docs/settings.md`. */
export function settingsDocument(): string {
  const rows = Object.values(SETTINGS).map((setting: Setting) => {
    const name = setting.secret ? `\`${setting.name}\`, \`${setting.name}_FILE\`` : `\`${setting.name}\``;
    const shown = setting.default ? `\`${setting.default}\`` : (setting.shownDefault ?? 'none');
    return `| ${name} | ${shown} | ${setting.about} |`;
  });
  return `${[...INTRODUCTION, '', '| name | default | |', '|---|---|---|', ...rows].join('\n')}\n`;
}

const INTRODUCTION = [
  '# Settings',
  '',
  'Settings come from the environment alone. A secret may also be given as the path of a file that holds it, in',
  '`NAME_FILE`: one line end at the end of the file and a byte order mark are dropped. An empty variable counts as one that is',
  'not set, and quotes around a value as not there. A name that is not known, a bad value or a contradiction stops the start with one',
  'line that says what to write; the variables that Kubernetes and Docker set for services called `sallyport…` are none of ours.',
  '`sallyport config` prints the values in force.',
];
