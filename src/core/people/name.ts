import { isShort } from '#core/values/text.ts';

const NAME_LENGTH_MAX = 100;

/**
 * The name of a person or company as it is stored, or `undefined` if it is invalid: NFC, trimmed, single spaces.
 *
 * 1 to 100 characters, at least one of them visible. Tabs and special spaces become spaces. Invisible characters stay
 * if a script or an emoji needs them, and are dropped otherwise. Control characters, line breaks and marks that change
 * the direction of writing are refused, because names appear in mail, in the audit export and in authenticator apps.
 */
export function cleanName(typed: string): string | undefined {
  if (!isShort('name', typed)) return undefined;
  const spaced = typed.trim().replace(/[\t\p{Zs}]+/gu, ' ');
  // Printable ASCII has nothing to drop.
  if (/^[!-~][ -~]{0,99}$/.test(spaced)) return spaced.replace(/ +/g, ' ');
  const { needed, neededOrPasted } = invisible();
  const name = spaced.replace(neededOrPasted, keepNeeded).normalize('NFC').trim().replace(/ +/g, ' ');
  const length = [...name].length;
  if (length > NAME_LENGTH_MAX || !/[\p{L}\p{N}\p{P}\p{S}]/u.test(name)) return undefined;
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(name.replace(needed, '')) ? undefined : name;
}

/** Unicode TS 51 §1.4.9: joined pictures with their colour and style, flags made of tags, and keycaps. */
const PICTURE = String.raw`\p{ExtPict}(?:[\uFE0E\uFE0F]|\p{EMod})?(?:[\u{E0030}-\u{E007A}]+\u{E007F})?`;
const EMOJI = String.raw`${PICTURE}(?:\u200D${PICTURE})*|[0-9#*]\uFE0F?\u20E3`;

/** Joiners select the form of adjacent letters (RFC 5892 A.1, A.2): in these scripts, and after a final virama. */
const JOINED = ['Arab', 'Syrc', 'Mong', 'Nkoo', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym']
  .concat(['Sinh', 'Mymr', 'Khmr', 'Tibt'])
  .map((script) => String.raw`\p{scx=${script}}`)
  .join('');
const LETTER = String.raw`[[\p{L}\p{M}]&&[${JOINED}]]`;
const VIRAMA = String.raw`[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA\u1039\u17D2]`;
const JOINER = String.raw`(?<=${LETTER})[\u200C\u200D](?=${LETTER})|(?<=${VIRAMA})[\u200C\u200D]`;

/** Selects the form of an ideograph, by which Japanese family names differ, or of a Mongolian letter. */
const VARIANT = String.raw`(?<=\p{sc=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]|(?<=\p{sc=Mong})[\u180B-\u180D\u180F]`;

/** Invisible characters from other programs: soft hyphens, byte order and direction marks, fillers, zero widths. */
const PASTED = String.raw`[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2060-\u2064\u3164\uFE00-\uFE0F\uFEFF\uFFA0\u{E0100}-\u{E01EF}]`;

type Invisible = { readonly needed: RegExp; readonly neededOrPasted: RegExp };
let compiled: Invisible | undefined;

/** Compiled with the first name, because that takes 10 ms, a fifteenth of a start. */
function invisible(): Invisible {
  const needed = `${EMOJI}|${JOINER}|${VARIANT}`;
  compiled ??= { needed: new RegExp(needed, 'gv'), neededOrPasted: new RegExp(`(${needed})|${PASTED}`, 'gv') };
  return compiled;
}

function keepNeeded(_found: string, needed: string | undefined): string {
  return needed ?? '';
}

const NOTES_LENGTH_MAX = 1000;

/** Notes of staff as stored, or `undefined` if they are too long: NFC, trimmed, without control characters but line breaks. */
export function cleanNotes(typed: string): string | undefined {
  if (!isShort('notes', typed)) return undefined;
  const notes = typed
    .normalize('NFC')
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{C}\n\u200C\u200D]/gu, '')
    .trim();
  return [...notes].length > NOTES_LENGTH_MAX ? undefined : notes;
}
