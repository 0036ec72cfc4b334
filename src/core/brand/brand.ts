import { createHash } from 'node:crypto';
import { type Given, makeSnapshot, type SettingsSnapshot } from '#core/instance/settings.ts';
import type { Scheme } from './palette.ts';

/**
 * How the service presents itself to one reader: the only source of name, logo, hue and contact for pages, mails,
 * `/brand.css`, help, authenticator apps and the pages of OpenID Connect and forward-auth.
 *
 * It is made in layers, and each layer replaces what it knows better:
 *
 * 1. `settingsAndBrand`: the settings of the service, from the environment, else from the console, else their defaults.
 *    `makeEnv` puts it behind `env.brand()`, which answers for everybody.
 * 2. The look of a partner, for its people alone, where the reader is known: `drawView` for pages, `writeMail` for mails.
 *
 * A reader of a brand takes it from `view.brand` or from `env.brand()`, never from the configuration.
 */
export type Brand = {
  /** The name on pages and in mails. */
  readonly name: string;
  /** The name of an entry in an authenticator app. An entry keeps its name, so the look of a partner never changes it. */
  readonly issuer: string;
  /** Degrees, 0 to 360. Lightness and chroma are ours, so the contrast holds for each hue. */
  readonly hue: number;
  readonly logo: BrandLogo | undefined;
  /** A sentence, an address or a telephone number. */
  readonly supportContact: string | undefined;
  /** Where the contact leads; absent if an address in it says so. */
  readonly supportHref?: string | undefined;
};

/** Addresses on our own origin that change with their content. */
export type BrandLogo = {
  readonly light: string;
  /** For the dark scheme; absent if the same image fits both. */
  readonly dark: string | undefined;
};

type BrandSettings = {
  readonly productName: string;
  readonly accentHue: number;
  /** The file of the environment. It wins over stored logos and serves both schemes. */
  readonly logo: { readonly bytes: Uint8Array } | undefined;
  readonly logoLight?: string | undefined;
  readonly logoDark?: string | undefined;
  readonly supportContact: string | undefined;
};

/**
 * What a process knows of the settings of the service, and the brand that they give. The brand is made again only after
 * the settings have changed.
 *
 * @param config with what the environment gives; its logo wins over a stored one
 */
export function settingsAndBrand({ given, logo }: { readonly given: Given; readonly logo: BrandSettings['logo'] }): {
  readonly settings: SettingsSnapshot;
  readonly brand: () => Brand;
} {
  const settings = makeSnapshot(given);
  let from = settings.values();
  let made = serviceBrand({ ...from, logo });
  const brand = () => {
    if (from !== settings.values()) {
      from = settings.values();
      made = serviceBrand({ ...from, logo });
    }
    return made;
  };
  return { settings, brand };
}

/** The brand that the settings give. */
export function serviceBrand({ logo: file, logoLight: light, logoDark: dark, ...settings }: BrandSettings): Brand {
  const { productName, accentHue, supportContact } = settings;
  return {
    name: productName,
    issuer: productName,
    hue: accentHue,
    logo: file ? { light: `/logo?v=${contentVersion(file.bytes)}`, dark: undefined } : storedLogo({ light, dark }),
    supportContact,
  };
}

/** The addresses of stored logos by their ids. One of them serves both schemes until the other is there. */
export function storedLogo({ light, dark }: { readonly [One in Scheme]?: string | undefined }): BrandLogo | undefined {
  const first = light ?? dark;
  return first === undefined ? undefined : { light: `/logo/${first}`, dark: dark && `/logo/${dark}` };
}

export const HUE_MAX = 360;

/** What a sheet colours: a whole page, or the samples on the page where a look is chosen. */
export type HueSheet = { readonly hue: number; readonly of: 'hue' | 'sample' };

/** The address of the style sheet for a hue. A browser may keep it for a year. */
export function hueSheetPath(hue: number, of: HueSheet['of'] = 'hue'): string {
  return `/brand.css?${of}=${hue}`;
}

/** The sheet that the query of such an address names; `undefined` for any other. @param search with its question mark */
export function readHueSheet(search: string): HueSheet | undefined {
  const [, of, hue] = /^\?(hue|sample)=(0|[1-9]\d{0,2})$/.exec(search) ?? [];
  if (hue === undefined || Number(hue) > HUE_MAX) return undefined;
  return { hue: Number(hue), of: of === 'sample' ? 'sample' : 'hue' };
}

/** 96 bits of a SHA-256, base64url: it names the content in an address. */
export function contentVersion(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 16);
}
