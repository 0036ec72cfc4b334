import { ACCESS_CODE_MINUTES } from '#core/authenticators/access-code.ts';
import type { Scheme } from '#core/brand/palette.ts';
import {
  type Problem,
  parseLogoId,
  parseProductName,
  parseResetsBy,
  parseSupportContact,
  parseSwitch,
  type ResetsBy,
  wholeNumber,
} from './parse.ts';

/** The settings of the whole service that administrators can change while it runs. Absent: there is none. */
export type InstanceValues = {
  readonly productName: string;
  readonly accentHue: number;
  /** The id of the stored logo; with one in the environment, the version of that file. */
  readonly logoLight: string | undefined;
  readonly logoDark: string | undefined;
  readonly supportContact: string | undefined;
} & ResetRules;

/** The rules for a reset of MFA. They decide about security, so each transaction reads those that it uses. */
export type ResetRules = {
  /** Who may reset the MFA of people of a partner. */
  readonly resetsBy: ResetsBy;
  /** Whether a reset waits for a second member of staff. */
  readonly resetSecondApprover: boolean;
  /** The longest life of a temporary access code. */
  readonly accessCodeMinutes: number;
  /** How many hours a new password by mail link freezes authenticators, recovery codes and email. */
  readonly resetFreezeHours: number;
};

type Key = keyof InstanceValues;

type Row<Value> = {
  readonly name: string;
  /** The variable of the environment that gives it. What it gives wins over what is stored. */
  readonly variable: string;
  readonly fallback: Value;
  readonly parse: (text: string) => NonNullable<Value> | Problem;
  /** A rule decides about security, so the reason for a change is kept. */
  readonly isRule?: true;
  /** A logo for this scheme: it is uploaded, and the value is its id. */
  readonly logo?: Scheme;
};

const BOUNDS = {
  accentHue: { least: 0, most: 360 },
  accessCodeMinutes: ACCESS_CODE_MINUTES,
  resetFreezeHours: { least: 0, most: 720 },
} as const;

const SETTINGS: { readonly [K in Key]: Row<InstanceValues[K]> } = {
  productName: {
    name: 'product-name',
    variable: 'SALLYPORT_PRODUCT_NAME',
    fallback: 'Partner Interface',
    parse: parseProductName,
  },
  accentHue: {
    name: 'accent-hue',
    variable: 'SALLYPORT_ACCENT_HUE',
    fallback: 262,
    parse: wholeNumber(BOUNDS.accentHue.least, BOUNDS.accentHue.most, '262'),
  },
  logoLight: {
    name: 'logo-light',
    variable: 'SALLYPORT_LOGO_FILE',
    fallback: undefined,
    parse: parseLogoId,
    logo: 'light',
  },
  logoDark: {
    name: 'logo-dark',
    variable: 'SALLYPORT_LOGO_FILE',
    fallback: undefined,
    parse: parseLogoId,
    logo: 'dark',
  },
  supportContact: {
    name: 'support-contact',
    variable: 'SALLYPORT_SUPPORT_CONTACT',
    fallback: undefined,
    parse: parseSupportContact,
  },
  resetsBy: {
    name: 'resets-by',
    variable: 'SALLYPORT_RESETS_BY',
    fallback: 'staff',
    parse: parseResetsBy,
    isRule: true,
  },
  resetSecondApprover: {
    name: 'reset-second-approver',
    variable: 'SALLYPORT_RESET_SECOND_APPROVER',
    fallback: false,
    parse: parseSwitch,
    isRule: true,
  },
  accessCodeMinutes: {
    name: 'access-code-minutes',
    variable: 'SALLYPORT_ACCESS_CODE_MINUTES',
    fallback: BOUNDS.accessCodeMinutes.most,
    parse: wholeNumber(BOUNDS.accessCodeMinutes.least, BOUNDS.accessCodeMinutes.most, '60'),
    isRule: true,
  },
  resetFreezeHours: {
    name: 'reset-freeze-hours',
    variable: 'SALLYPORT_RESET_FREEZE_HOURS',
    fallback: 0,
    parse: wholeNumber(BOUNDS.resetFreezeHours.least, BOUNDS.resetFreezeHours.most, '48'),
    isRule: true,
  },
};

// Cast boundary: the keys of an object type that is written out above.
const KEYS = Object.keys(SETTINGS) as readonly Key[];

/** One setting, as pages and commands address it. */
export type InstanceSetting = {
  readonly key: Key;
  readonly name: string;
  readonly variable: string;
  readonly isRule: boolean;
  /** The scheme that it is the logo for. Such a setting is an upload; everything else is typed. */
  readonly logo: Scheme | undefined;
};

/** Every setting, in the order in which people see them. */
export const INSTANCE_SETTINGS: readonly InstanceSetting[] = KEYS.map((key) => {
  const { name, variable, isRule = false, logo } = SETTINGS[key];
  return { key, name, variable, isRule, logo };
});

/** @param name as in an address or a command: `product-name` */
export function findInstanceSetting(name: string): InstanceSetting | undefined {
  return INSTANCE_SETTINGS.find((setting) => setting.name === name);
}

/** What the environment gives: a key that is absent or undefined is not given. */
export type Given = { readonly [K in Key]?: InstanceValues[K] | undefined };

/** The texts that are stored, by name. */
export type Stored = ReadonlyMap<string, string>;

type Bounds = { readonly least: number; readonly most: number };

/** The lowest and the highest value of a setting that is a number. */
export function boundsOf(key: Key): Bounds | undefined {
  return Object.entries<Bounds>(BOUNDS).find(([one]) => one === key)?.[1];
}

/** Where a value comes from. `environment` wins over `stored`, and that over `default`. */
export type Source = 'environment' | 'stored' | 'default';

/** Where the value in force comes from. */
export function sourceOf(key: Key, given: Given, stored: Stored): Source {
  if (given[key] !== undefined) return 'environment';
  return stored.has(SETTINGS[key].name) ? 'stored' : 'default';
}

/** The values to show: of the environment, else as stored, else the defaults. What cannot be read counts as not set. */
export function resolveSettings(given: Given, stored: Stored): InstanceValues {
  const values = KEYS.map((key) => {
    const text = stored.get(SETTINGS[key].name);
    return [key, given[key] ?? readStored(key, text) ?? SETTINGS[key].fallback];
  });
  // Cast boundary: each row has the type of its key, and `fromEntries` forgets it.
  return Object.fromEntries(values) as InstanceValues;
}

/** The rules to judge by. Throws if a stored one cannot be read, because its default may allow more. */
export function resolveRules(given: Given, stored: Stored): ResetRules {
  for (const { key, name, isRule } of INSTANCE_SETTINGS) {
    const text = isRule && given[key] === undefined ? stored.get(name) : undefined;
    if (text !== undefined && readStored(key, text) === undefined) {
      throw new Error(`the stored setting ${name} cannot be read: set it again`);
    }
  }
  return resolveSettings(given, stored);
}

function readStored<K extends Key>(key: K, text: string | undefined): InstanceValues[K] | undefined {
  const value = text === undefined ? undefined : SETTINGS[key].parse(text);
  return isProblem(value) ? undefined : value;
}

/** The default in the form in which values are typed; absent if there is none. */
export function defaultText(key: Key): string | undefined {
  const { fallback } = SETTINGS[key];
  return fallback === undefined ? undefined : textOfValue(fallback);
}

/** The text to store for a typed value, in the one form that the value has; or why it is refused. */
export function textToStore(key: Key, typed: string): string | Problem {
  const value = SETTINGS[key].parse(typed.trim());
  return isProblem(value) ? value : textOfValue(value);
}

/** A value in the form in which it is typed, stored and logged. */
export function textOfValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

/** How old the settings that a process knows may become. Names and colours may be that late; rules are never. */
export const SETTINGS_AGE_SECONDS = 2;

/** What this process knows of the stored settings, to draw pages and mails with. */
export type SettingsSnapshot = {
  readonly values: () => InstanceValues;
  readonly stored: () => Stored;
  /** Whether it is time to read them again. */
  readonly isDue: (now: number) => boolean;
  /** Takes what was read at `now`. */
  readonly take: (stored: Stored, now: number) => void;
};

export function makeSnapshot(given: Given): SettingsSnapshot {
  let stored: Stored = new Map();
  let values = resolveSettings(given, stored);
  let readAt: number | undefined;
  return {
    values: () => values,
    stored: () => stored,
    // A clock that was set back must not make a reading last.
    isDue: (now) => readAt === undefined || now >= readAt + SETTINGS_AGE_SECONDS || now < readAt,
    take(newer, now) {
      readAt = now;
      values = resolveSettings(given, newer);
      stored = newer;
    },
  };
}
