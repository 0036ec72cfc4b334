// Letters that Unicode does not decompose, as people type them on a keyboard without these letters.
const PLAIN: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ł: 'l',
  ŧ: 't',
  þ: 'th',
  ŋ: 'n',
  ς: 'σ',
  ı: 'i',
  ß: 'ss',
};
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'g');

// Accents of Latin, Greek and Cyrillic, vowel points of Hebrew and Arabic, and characters without width. Marks of other
// scripts are letters to their readers: without them "ki" and "ka" of Devanagari would be equal.
const IGNORED =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]|\p{Default_Ignorable_Code_Point}/gu;

/**
 * The form of a text for searches and sorting: without case, accents and width, so that `özdemir` finds `Özdemir`,
 * `strasse` finds `Straße` and `istanbul` finds `İSTANBUL`.
 *
 * Both databases store this form and compare it byte by byte, so they find and sort the same.
 *
 * @param text already cut to its longest permitted length, because `normalize` gets slow on long text
 */
export function searchKey(text: string): string {
  // Upper case first, because it turns ß into SS and both Turkish letters i into I.
  const folded = text.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD');
  return folded
    .replace(IGNORED, '')
    .replace(NOT_PLAIN, (letter) => PLAIN[letter] ?? letter)
    .replace(/\s+/g, ' ')
    .trim();
}

/** Several texts of one row in one column; no search term contains the line break between them. */
export function rowSearchKey(...texts: readonly string[]): string {
  return texts.map(searchKey).join('\n');
}
