import { dirname, join } from 'node:path';
import { settingsDocument } from '#config/document.ts';
import { type Environment, findStrayName, readSetting, usableEnvironment } from '#config/environment.ts';
import type { Logo } from '#config/logo.ts';
import {
  type DatabaseAddress,
  heloOf,
  type LogLevel,
  type PublicUrl,
  parsePublicUrl,
  type Sender,
  type SmtpServer,
} from '#config/parse.ts';
import { SETTINGS, type Setting, type SettingValues } from '#config/settings.ts';
import { contentVersion } from '#core/brand/brand.ts';
import type { Problem } from '#core/instance/parse.ts';
import type { Given } from '#core/instance/settings.ts';

export { settingsDocument };

/** One line for the operator: which setting, its fault, and what to write. */
export type ConfigProblem = Problem;

/** The settings of the environment, parsed once at start and frozen. Absent is `undefined`. */
export type Config = {
  readonly host: string;
  /** 0: the system chooses; only with a public URL. */
  readonly port: number;
  /** Every link, cookie, origin check and issuer uses this, never the request. */
  readonly publicUrl: PublicUrl;
  readonly database: DatabaseAddress;
  readonly databaseConnections: number;
  /** The key ring as given; absent if it is in the file at `keysPath`. `loadKeyRing` parses it. */
  readonly keysText: string | undefined;
  /** Beside an SQLite database; absent with PostgreSQL, which needs `keysText`. */
  readonly keysPath: string | undefined;
  /** The settings of `core/instance/settings.ts` that the environment gives. What is absent is stored, or a default. */
  readonly given: Given;
  readonly logo: Logo | undefined;
  /** An absolute URL, or a path of our own origin. */
  readonly portalUrl: string | undefined;
  /** Present only together with `mailFrom`. */
  readonly smtp: SmtpServer | undefined;
  readonly mailFrom: Sender | undefined;
  readonly trustedProxies: number;
  /** Whether Strict-Transport-Security also covers the hosts below ours. */
  readonly hstsSubdomains: boolean;
  /** Steps accepted on either side of the current one. */
  readonly totpWindow: 0 | 1;
  /** Whether the second factor of staff must be a passkey. */
  readonly staffPasskeys: boolean;
  /** Whether webhooks may go to this machine over plain http: for development. */
  readonly localWebhooks: boolean;
  readonly logLevel: LogLevel;
  readonly metricsPort: number | undefined;
  /** The number of processes behind the port. */
  readonly workers: number;
  /** How long the server still listens after it informs the balancer. */
  readonly stopGraceSeconds: number;
  readonly auditRetentionDays: number | undefined;
};

/**
 * The settings of this environment, or its first fault.
 *
 * An unknown name, a bad value and a contradiction are refused, because a setting without an effect is a trap.
 *
 * @param options.root the folder that relative paths start from
 */
export function loadConfig(given: Environment, options: { readonly root: string }): Config | ConfigProblem {
  const environment = usableEnvironment(given);
  const stray = findStrayName(environment);
  if (stray) return stray;
  const values = parseSettings(environment, options.root);
  if ('problem' in values) return values;
  const { publicUrl: givenUrl, smtp: server, smtpHelo, ...others } = withGiven(values);
  if (others.port === 0 && !givenUrl) {
    return { problem: 'PORT=0 needs SALLYPORT_PUBLIC_URL, because links cannot name a port that is not known yet' };
  }
  if (others.metricsPort === others.port) {
    return { problem: 'SALLYPORT_METRICS_PORT is the port of PORT, where people sign in: give it one of its own' };
  }
  const publicUrl = givenUrl ?? parsePublicUrl(`http://localhost:${others.port}`);
  if ('problem' in publicUrl) return publicUrl;
  if ((server === undefined) !== (others.mailFrom === undefined)) return HALF_MAIL;
  if (smtpHelo !== undefined && server === undefined) {
    return { problem: 'SALLYPORT_SMTP_HELO greets a mail server, and SALLYPORT_SMTP_URL names none' };
  }
  const helo = smtpHelo ?? heloOf(new URL(publicUrl.origin).hostname);
  const smtp = server && Object.freeze({ ...server, helo });
  const keysPath = keysPathOf(others);
  return typeof keysPath === 'object' ? keysPath : Object.freeze({ ...others, smtp, publicUrl, keysPath });
}

/** Puts what administrators may also set into one place, so that nobody takes it for the value in force. */
function withGiven(values: SettingValues) {
  const { productName, accentHue, supportContact, ...others } = values;
  // One file for both schemes. Its version stands for it where settings are listed.
  const logo = values.logo && contentVersion(values.logo.bytes);
  const { resetsBy, resetSecondApprover, accessCodeMinutes, resetFreezeHours, ...rest } = others;
  const rules = { resetsBy, resetSecondApprover, accessCodeMinutes, resetFreezeHours };
  const given: Given = Object.freeze({
    ...{ productName, accentHue, supportContact, ...rules },
    ...{ logoLight: logo, logoDark: logo },
  });
  return { ...rest, given };
}

function keysPathOf({
  database,
  keysText,
}: Pick<SettingValues, 'database' | 'keysText'>): string | undefined | Problem {
  if (database.kind === 'postgres') {
    // If each node made its own ring, the nodes could not read each other's data.
    return keysText === undefined
      ? {
          problem:
            'SALLYPORT_KEYS is needed with PostgreSQL: write k1:BASE64, with what "openssl rand -base64 32" prints',
        }
      : undefined;
  }
  const path = join(dirname(database.path), 'keys');
  if (path !== database.path) return path;
  return { problem: 'SALLYPORT_DATABASE_URL names the file "keys", where the key ring lives: give it another name' };
}

const HALF_MAIL = {
  problem:
    'SALLYPORT_SMTP_URL and SALLYPORT_MAIL_FROM are needed together: give both, or neither to keep mail in the outbox',
};

/** One setting as `sallyport config` prints it. */
export type SettingRow = {
  readonly name: string;
  /** As given, or the default; secrets masked. */
  readonly value: string | undefined;
  readonly source: 'default' | 'environment' | 'file';
};

/** Every setting, its value and its source; secrets are masked. */
export function settingsTable(all: Environment): SettingRow[] {
  const environment = usableEnvironment(all);
  return Object.values(SETTINGS).map((setting: Setting) => {
    const { name } = setting;
    if (setting.secret && environment[`${name}_FILE`] !== undefined) return { name, value: HIDDEN, source: 'file' };
    const given = environment[name];
    if (given === undefined) {
      const shown = setting.shownDefault?.replace('$PORT', environment.PORT ?? SETTINGS.port.default);
      return { name, value: shown ?? setting.default, source: 'default' };
    }
    return { name, value: setting.secret && !given.startsWith('sqlite:') ? HIDDEN : given, source: 'environment' };
  });
}

const HIDDEN = '(hidden)';

function parseSettings(environment: Environment, root: string): SettingValues | Problem {
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const value = parseOne(setting, environment, root);
    if (isProblem(value)) return value;
    values[key] = value;
  }
  // Cast boundary: `SettingValues` takes the type of each value from its parser.
  return values as SettingValues;
}

function parseOne(setting: Setting, environment: Environment, root: string): unknown {
  const given = readSetting(setting, environment, root);
  if (isProblem(given)) return given;
  const text = given ?? (setting.onPage ? undefined : setting.default);
  if (text === undefined) return undefined;
  const value = setting.parse(text, root);
  if (isProblem(value)) return { problem: `${setting.name} ${value.problem}` };
  return value;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}
