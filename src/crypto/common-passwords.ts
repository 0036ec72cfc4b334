const GUESSABLE_RUN_MIN = 3;
const REST_LENGTH_MIN = 6;
// NFKC turns one character of three bytes into up to 18. Of a longer text only the beginning is checked.
const JUDGED_LENGTH_MAX = 1024;

// Cyclic, so that 1234567890123 is one run. Rows and columns of the English, German and French keyboards.
const RUNS = [
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
  '0123456789',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiopü',
  'asdfghjklöä',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  '1qay2wsx3edc4rfv5tgb6zhn7ujm8ik9ol0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'qazwsxedcrfvtgbyhnujm',
  'qayxswedcvfrtgbnhzujm',
  '!@#$%^&*()',
  '!"§$%&/()=',
].flatMap((row) => [row + row, [...(row + row)].reverse().join('')]);

const LEET = new Map(
  Object.entries({ 0: 'o', 3: 'e', 4: 'a', 5: 's', 7: 't', 8: 'b', 9: 'g', '@': 'a', $: 's', '!': 'i', '+': 't' }),
);

let loading: Promise<(password: string) => boolean> | undefined;

/**
 * Returns a check for common passwords; its dictionaries are read at the first use (0.2 s, 40 MB).
 *
 * They contain passwords of known breaches, common English and German words, and first names.
 */
export function loadCommonPasswords(): Promise<(password: string) => boolean> {
  loading ??= loadWords().then((words) => (password) => isCommonPassword(password, words));
  return loading;
}

/**
 * Whether `password` is common: it is in `words`, alone or without the changes that people make to a word.
 *
 * Such changes are case, punctuation, digits at both ends, simple leet, and a repeated word. Sequences, repeats and
 * keyboard rows with fewer than six other characters are common too. Two different words are accepted, because a
 * passphrase is made of words.
 */
export function isCommonPassword(password: string, words: ReadonlySet<string>): boolean {
  const text = password.normalize('NFKC').slice(0, JUDGED_LENGTH_MAX).toLowerCase();
  if (lengthBesideRuns(text) < REST_LENGTH_MIN) return true;
  const bare = betweenLetters(text);
  const spellings = [text, bare].flatMap((form) => [form, unleet(form, 'i'), unleet(form, 'l')]);
  return [text, ...spellings.map(lettersAndDigits)].some((form) => isCommonWord(form, words));
}

async function loadWords(): Promise<ReadonlySet<string>> {
  const [common, english, german] = await Promise.all([
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
    import('@zxcvbn-ts/language-de'),
  ]);
  const words = new Set(common.dictionary['passwords-common']);
  for (const word of english.dictionary['commonWords-en']) words.add(word);
  for (const word of english.dictionary['firstnames-en']) words.add(word);
  for (const word of german.dictionary.commonWords) words.add(word);
  for (const word of german.dictionary.firstnames) words.add(word);
  return words;
}

function isCommonWord(form: string, words: ReadonlySet<string>): boolean {
  const unit = repeatedUnit(form);
  if (unit.length < form.length && lengthBesideRuns(unit) < REST_LENGTH_MIN) return true;
  return words.has(unit) || words.has(betweenLetters(unit));
}

/** From the first letter to the last, in one pass: `[^\p{L}]+$` would test each start of a run again. */
function betweenLetters(text: string): string {
  return /\p{L}(?:.*\p{L})?/su.exec(text)?.[0] ?? '';
}

/**
 * The shortest beginning that makes the whole text when repeated (the last time perhaps cut off); else the text itself.
 *
 * Uses the borders of Knuth, Morris and Pratt, because trying each length takes the square of the length.
 */
export function repeatedUnit(text: string): string {
  const borders = [0];
  for (let at = 1, border = 0; at < text.length; at++) {
    while (border > 0 && text[at] !== text[border]) border = borders[border - 1] ?? 0;
    if (text[at] === text[border]) border++;
    borders.push(border);
  }
  const length = text.length - (borders.at(-1) ?? 0);
  return length * 2 <= text.length ? text.slice(0, length) : text;
}

/** How many characters are outside a sequence, row or repetition of three or more; stops at the minimum needed. */
function lengthBesideRuns(text: string): number {
  let beside = 0;
  for (let at = 0; at < text.length && beside < REST_LENGTH_MIN; ) {
    const run = runLength(text, at);
    if (run < GUESSABLE_RUN_MIN) beside++;
    at += run < GUESSABLE_RUN_MIN ? 1 : run;
  }
  return beside;
}

function runLength(text: string, at: number): number {
  let same = 1;
  while (text[at + same] === text[at]) same++;
  let length = same;
  // A row has at most 72 characters, so the loop ends.
  while (at + length < text.length && RUNS.some((row) => row.includes(text.slice(at, at + length + 1)))) length++;
  return length;
}

function unleet(text: string, one: 'i' | 'l'): string {
  return [...text].map((character) => (character === '1' ? one : (LEET.get(character) ?? character))).join('');
}

function lettersAndDigits(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
