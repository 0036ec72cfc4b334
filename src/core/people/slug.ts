import { searchKey } from '#core/values/search-key.ts';

const LENGTH_MAX = 60;

/** The short name of a partner in commands and addresses: `[a-z0-9-]`, no hyphen at the start or end. */
export function isSlug(text: string): boolean {
  return text.length <= LENGTH_MAX && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text);
}

// Greek by ISO 843 without accents, Cyrillic as in Russian passports (ICAO 9303), both reduced to plain letters.
const LATIN: Readonly<Record<string, string>> = {
  α: 'a',
  β: 'v',
  γ: 'g',
  δ: 'd',
  ε: 'e',
  ζ: 'z',
  η: 'i',
  θ: 'th',
  ι: 'i',
  κ: 'k',
  λ: 'l',
  μ: 'm',
  ν: 'n',
  ξ: 'x',
  ο: 'o',
  π: 'p',
  ρ: 'r',
  σ: 's',
  τ: 't',
  υ: 'y',
  φ: 'f',
  χ: 'ch',
  ψ: 'ps',
  ω: 'o',
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  ґ: 'g',
  д: 'd',
  ђ: 'dj',
  е: 'e',
  є: 'ie',
  ж: 'zh',
  з: 'z',
  ѕ: 'dz',
  и: 'i',
  і: 'i',
  ј: 'j',
  к: 'k',
  л: 'l',
  љ: 'lj',
  м: 'm',
  н: 'n',
  њ: 'nj',
  о: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  ћ: 'c',
  у: 'u',
  ф: 'f',
  х: 'kh',
  ц: 'ts',
  ч: 'ch',
  џ: 'dz',
  ш: 'sh',
  щ: 'shch',
  ъ: '',
  ы: 'y',
  ь: '',
  э: 'e',
  ю: 'iu',
  я: 'ia',
};

/** For a name without a letter that we can write in Latin: Chinese, Japanese, Arabic and others. */
const NAMELESS = 'partner';

/** The slug made from a name; if it is taken, `numberedSlug` makes another one. */
export function slugOf(name: string): string {
  const latin = searchKey(name).replace(/[\p{Script=Greek}\p{Script=Cyrillic}]/gu, (letter) => LATIN[letter] ?? '');
  return trimmed(latin.replace(/[^a-z0-9]+/g, '-'), LENGTH_MAX) || NAMELESS;
}

/** The first of `slug-2`, `slug-3` … after all taken ones. */
export function numberedSlug(slug: string, taken: readonly string[]): string {
  const numbers = taken.map((one) => Number(/-(\d{1,6})$/.exec(one)?.[1] ?? 1));
  const suffix = `-${Math.max(1, ...numbers) + 1}`;
  return trimmed(slug, LENGTH_MAX - suffix.length) + suffix;
}

function trimmed(text: string, length: number): string {
  return text.replace(/^-+/, '').slice(0, length).replace(/-+$/, '');
}
