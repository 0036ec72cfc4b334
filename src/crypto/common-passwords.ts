const GUESSABLE_RUN_MIN = 3;
const REST_LENGTH_MIN = 6;

// Cyclic, so that 1234567890123 is one run. Rows of the English, German and French keyboards, and the columns walked down.
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
 * Whether a password is among the common ones, from dictionaries that are read at the first use (0.2 s, 40 MB).
 *
 * The dictionaries: passwords of known breaches, common English and German words and first names.
 */
export function loadCommonPasswords(): Promise<(password: string) => boolean> {
  loading ??= loadWords().then((words) => (password) => isCommonPassword(password, words));
  return loading;
}

/**
 * Whether `password` is a common one: in `words` as it is, or once what people add to a word is undone.
 *
 * Undone: case, punctuation, digits at both ends, simple leet, and a word said several times. Beside words: sequences,
 * repeats and rows of a keyboard that leave fewer than six other characters. Two different words are not looked for:
 * a passphrase is made of words.
 */
export function isCommonPassword(password: string, words: ReadonlySet<string>): boolean {
  const text = password.normalize('NFKC').toLowerCase();
  if (lengthBesideRuns(text) < REST_LENGTH_MIN) return true;
  const bare = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
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
  return words.has(unit) || words.has(unit.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''));
}

/** The shortest beginning whose repetition, the last one perhaps cut off, makes the whole text; else the text itself. */
function repeatedUnit(text: string): string {
  for (let length = 1; length * 2 <= text.length; length++) {
    if (text.startsWith(text.slice(length))) return text.slice(0, length);
  }
  return text;
}

/** How many characters belong to no sequence, row or repeated character of three and more. */
function lengthBesideRuns(text: string): number {
  let beside = 0;
  for (let at = 0; at < text.length; ) {
    const run = runLength(text, at);
    if (run < GUESSABLE_RUN_MIN) beside++;
    at += run < GUESSABLE_RUN_MIN ? 1 : run;
  }
  return beside;
}

function runLength(text: string, at: number): number {
  const isRun = (run: string) => run === run.charAt(0).repeat(run.length) || RUNS.some((row) => row.includes(run));
  let length = 1;
  while (at + length < text.length && isRun(text.slice(at, at + length + 1))) length++;
  return length;
}

function unleet(text: string, one: 'i' | 'l'): string {
  return [...text].map((character) => (character === '1' ? one : (LEET.get(character) ?? character))).join('');
}

function lettersAndDigits(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
