import { readFileSync, statSync } from 'node:fs';
import { command, isMisuse, JSON_OPTION, type Misuse, type Output } from '#cli/command.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { typedPath } from '#cli/path.ts';
import { HUE_MAX } from '#core/brand/brand.ts';
import { LOGO_BYTES_MAX } from '#core/brand/image.ts';
import { accentContrast, SCHEMES, type Scheme, TEXT_CONTRAST } from '#core/brand/palette.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { changeLookParts, type LookParts } from '#flows/brand/partner-look.ts';
import { findPartnerBySlug } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { lookRecord } from '#wire/records.ts';

/** The options that set a part, by the field of the flow. */
const TEXTS = { name: 'name', hue: 'hue', 'help-line': 'help', 'help-link': 'helpHref' } as const;
const LOGOS = { logo: 'light', 'logo-dark': 'dark' } as const;
const PARTS = [...Object.keys(TEXTS), ...Object.keys(LOGOS)];

type Options = { readonly [Part in keyof typeof TEXTS | keyof typeof LOGOS]: string | undefined } & {
  readonly remove: readonly string[];
};

export const look = command({
  words: 'partner look',
  args: ['SLUG'],
  options: {
    name: { value: 'NAME', about: 'the name that its people see, up to 60 characters' },
    hue: { value: 'DEGREES', about: `the accent color, 0 to ${HUE_MAX}; text stays readable with each of them` },
    'help-line': { value: 'TEXT', about: 'whom its people ask for help: one line of up to 100 characters' },
    'help-link': {
      value: 'ADDRESS',
      about: 'where the help line leads: an https address, or mailto: with one address',
    },
    logo: { value: 'FILE', about: 'PNG, JPEG or WebP, up to 256 KiB, 16 to 2000 pixels on each side' },
    'logo-dark': { value: 'FILE', about: 'the logo for the dark scheme; without it both schemes have the other one' },
    remove: { value: PARTS.join('|'), many: true, about: 'use that of the service again' },
    ...JSON_OPTION,
  },
  summary: 'Shows what the people of a partner see instead of the service, and changes the parts that are given.',
  async run({ args, options }) {
    const parts = readParts(options);
    if (isMisuse(parts) || isRefusal(parts)) return parts;
    return withEnv((env) => change(env, args.SLUG, parts));
  },
});

/** What the options change; nothing that they do not name. */
function readParts(options: Options): LookParts | Misuse | Refusal {
  const { remove } = options;
  const typed: { [Field in (typeof TEXTS)[keyof typeof TEXTS]]?: string } = {};
  const logos: { [One in Scheme]?: Buffer | null } = {};
  const unknown = remove.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) return { misuse: `--remove takes one of ${PARTS.join(', ')}` };
  for (const [part, field] of entriesOf(TEXTS)) {
    if (isGivenTwice(options, part)) return { misuse: `--${part} and --remove ${part} contradict each other` };
    if (options[part]?.trim() === '') return { misuse: `--${part} is empty: --remove ${part} takes it away` };
    const text = remove.includes(part) ? '' : options[part];
    if (text !== undefined) typed[field] = text;
  }
  for (const [part, scheme] of entriesOf(LOGOS)) {
    if (isGivenTwice(options, part)) return { misuse: `--${part} and --remove ${part} contradict each other` };
    const file = remove.includes(part) ? null : readLogo(options[part]);
    if (isRefusal(file)) return file;
    if (file !== undefined) logos[scheme] = file;
  }
  // A link leads nowhere without its line.
  const isLineGone = remove.includes('help-line') && options['help-link'] === undefined;
  return { ...typed, ...(isLineGone && { helpHref: '' }), logos };
}

function isGivenTwice(options: Options, part: keyof typeof TEXTS | keyof typeof LOGOS): boolean {
  return options[part] !== undefined && options.remove.includes(part);
}

function entriesOf<Key extends string, Value>(table: Readonly<Record<Key, Value>>) {
  // The cast: TypeScript widens the keys of a constant table.
  return Object.entries(table) as [Key, Value][];
}

function readLogo(path: string | undefined): Buffer | Refusal | undefined {
  if (path === undefined) return undefined;
  const file = typedPath(path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) throw new Error(`there is no file ${file}`);
  // Not read first: a file may be larger than the memory.
  return found.size > LOGO_BYTES_MAX ? refuse('invalid_request', { reason: 'logo_bytes' }) : readFileSync(file);
}

async function change(env: Env, slug: string, parts: LookParts): Promise<Output | Refusal> {
  const found = await findPartnerBySlug(env.db.read, slug);
  if (!found) return refuse('not_found', { reason: 'partner' });
  const isChange = Object.keys(parts).length > 1 || Object.keys(parts.logos).length > 0;
  const partner = isChange ? await changeLookParts(env, ACTOR, found.id, parts) : found;
  return isRefusal(partner)
    ? partner
    : { data: lookRecord(env.config.publicUrl.origin, partner), lines: linesOf(env, partner) };
}

const ONE_DIGIT = new Intl.NumberFormat('en', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  roundingMode: 'floor',
});

function linesOf(env: Env, partner: Partner): string[] {
  const { name, hue, help, logo } = lookRecord(env.config.publicUrl.origin, partner);
  const service = (what: unknown) => what ?? 'that of the service';
  const link = help?.href == null ? '' : ` (${help.href})`;
  return [
    `${partner.name}: name ${service(name)}; hue ${service(hue)}; help line ${service(help && help.text + link)}.`,
    `Logo ${logo.light ?? logo.dark ?? 'none of its own'}; in the dark scheme ${logo.dark ?? logo.light ?? 'none of its own'}.`,
    ...(hue === null ? [] : SCHEMES.map((scheme) => contrastLine(scheme, hue))),
  ];
}

function contrastLine(scheme: Scheme, hue: number): string {
  const { button, link } = accentContrast(scheme, hue);
  const ratio = (value: number) => `${ONE_DIGIT.format(value)} : 1`;
  return `Contrast, ${scheme}: text on buttons ${ratio(button)}, links ${ratio(link)}; readable text needs ${ratio(TEXT_CONTRAST)}.`;
}
