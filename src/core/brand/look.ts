import { cleanName } from '#core/people/name.ts';
import { type Refusal, refuseFields } from '#core/values/result.ts';
import { type Brand, HUE_MAX, storedLogo } from './brand.ts';
import type { Scheme } from './palette.ts';

/** What staff set for the people of a partner. An absent part is that of the service. */
export type PartnerLook = {
  readonly name?: string;
  readonly hue?: number;
  /** Whom its people ask for help: one line of text, and where it leads. */
  readonly help?: string;
  readonly helpHref?: string;
  /** The ids of its logos. One of them serves both schemes until the other is there. */
  readonly logo?: { readonly [One in Scheme]?: string };
};

/** The brand for the people of a partner with this look. The name of entries in authenticator apps stays. */
export function partnerBrand(brand: Brand, look: PartnerLook | undefined): Brand {
  if (look === undefined) return brand;
  const { name, hue, help, helpHref, logo } = look;
  // The mark of the service beside the name of a partner would claim that they are one.
  const kept = name === undefined ? brand.logo : undefined;
  return {
    ...brand,
    name: name ?? brand.name,
    hue: hue ?? brand.hue,
    logo: logo === undefined ? kept : storedLogo(logo),
    ...(help !== undefined && { supportContact: help, supportHref: helpHref }),
  };
}

/** The fields of a look as a person typed them; the empty text for none. */
export type TypedLook = {
  readonly name: string;
  readonly hue: string;
  readonly help: string;
  readonly helpHref: string;
};

/** A look as its form shows it. */
export function typedLook({ name = '', hue, help = '', helpHref = '' }: PartnerLook = {}): TypedLook {
  return { name, hue: hue?.toString() ?? '', help, helpHref };
}

/** Like the product name: beside the mark it fits a phone in two lines. */
const NAME_LENGTH_MAX = 60;
const HREF_LENGTH_MAX = 300;

/** The look that was typed, without logos, or which fields do not fit. */
export function readLook({ name, hue, help, helpHref }: TypedLook): Omit<PartnerLook, 'logo'> | Refusal {
  const read = {
    name: optional(name, nameOf),
    hue: optional(hue, hueOf),
    help: optional(help, cleanName),
    helpHref: optional(helpHref, linkOf),
  };
  const isLinkAlone = read.helpHref !== undefined && read.help === undefined;
  const unfit = refuseFields([
    read.name === null && 'look_name',
    read.hue === null && 'look_hue',
    (read.help === null || isLinkAlone) && 'look_help',
    read.helpHref === null && 'look_link',
  ]);
  if (unfit) return unfit;
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined && value !== null));
}

/** `undefined` for nothing typed, `null` for what does not fit. */
function optional<T>(typed: string, read: (typed: string) => T | undefined): T | undefined | null {
  return typed.trim() === '' ? undefined : (read(typed.trim()) ?? null);
}

function nameOf(typed: string): string | undefined {
  const name = cleanName(typed);
  return name === undefined || [...name].length > NAME_LENGTH_MAX ? undefined : name;
}

function hueOf(typed: string): number | undefined {
  return /^\d{1,3}$/.test(typed) && Number(typed) <= HUE_MAX ? Number(typed) : undefined;
}

/** An https page, or one address to write to. Nothing else: a link on our pages must not run anything or fill in a mail. */
function linkOf(typed: string): string | undefined {
  if (typed.length > HREF_LENGTH_MAX || /[^!-~]/.test(typed)) return undefined;
  if (/^mailto:[^\s@?&,:]+@[a-z\d.-]+$/i.test(typed)) return typed;
  const url = URL.parse(typed);
  return url?.protocol === 'https:' && url.username === '' && url.password === '' ? url.href : undefined;
}

/** A look with one logo replaced or removed. */
export function withLogo(look: PartnerLook, scheme: Scheme, id: string | undefined): PartnerLook {
  const { logo, ...rest } = look;
  const other = scheme === 'light' ? 'dark' : 'light';
  const next = {
    ...(logo?.[other] !== undefined && { [other]: logo[other] }),
    ...(id !== undefined && { [scheme]: id }),
  };
  return Object.keys(next).length === 0 ? rest : { ...rest, logo: next };
}

export const LOOK_PARTS = ['name', 'hue', 'help', 'logo_light', 'logo_dark'] as const;
export type LookPart = (typeof LOOK_PARTS)[number];

/** Which parts differ, for the audit log. */
export function changedParts(before: PartnerLook = {}, after: PartnerLook = {}): readonly LookPart[] {
  const values = ({ name, hue, help, helpHref, logo }: PartnerLook) =>
    [name, hue, `${help} ${helpHref}`, logo?.light, logo?.dark] as const;
  const [old, now] = [values(before), values(after)];
  return LOOK_PARTS.filter((_, index) => old[index] !== now[index]);
}
