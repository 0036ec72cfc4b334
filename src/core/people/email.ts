import { domainToASCII, domainToUnicode } from 'node:url';
import { isShort } from '#core/values/text.ts';

const EMAIL_BYTES_MAX = 254; // RFC 5321 §4.5.3.1.3: a path of 256 with its angle brackets
const LOCAL_PART_MAX = 64; // RFC 5321 §4.5.3.1.1

// RFC 5322 §3.2.3 dot-atom: no quote, comma, space, bracket or backslash; no dot at an end, no two dots together.
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const KELVIN_SIGN = '\u212a'; // the only character that NFC itself turns into an ASCII letter

/**
 * The form in which an email address is stored, compared and used for mail, or `undefined` if it is invalid.
 *
 * Trimmed; both parts in lower case; the domain in ASCII (an international one as punycode). A plus tag and dots in the
 * local part stay, because only the mail server of that domain knows their meaning.
 *
 * The local part is ASCII only. Comparing Unicode without case can make two people one (Django CVE-2019-19844: `ı` and
 * `K` folded to the victim's letters and got the victim's reset link), and mail servers need not fold as we do. For the
 * same reason a domain is refused if changing it to ASCII changes more than its case: `ﬁrm.example`, `＠`, invisible
 * characters and other full stops never match another person's address.
 */
export function canonicalEmail(input: string): string | undefined {
  if (!isShort('email', input)) return undefined;
  // Before trimming, because a line end could inject a mail header. The same for \p{Cf} and \p{Co}.
  if (/\p{C}/u.test(input)) return undefined;
  const email = input.trim();
  const at = email.lastIndexOf('@');
  const local = email.slice(0, Math.max(at, 0));
  if (local.length > LOCAL_PART_MAX || !LOCAL_PART.test(local)) return undefined;

  const domain = canonicalDomain(email.slice(at + 1));
  if (domain === undefined) return undefined;
  const canonical = `${local.toLowerCase()}@${domain}`;
  return canonical.length > EMAIL_BYTES_MAX ? undefined : canonical;
}

/**
 * The email in a pasted text, alone or as `Name <email>` (the form of address books and mail programs), with or without
 * a separator after it. The caller must still check both parts.
 */
export function readMailbox(pasted: string): { readonly email: string; readonly name: string | undefined } {
  if (!isShort('mailbox', pasted)) return { email: pasted, name: undefined };
  const text = pasted.replace(/[\s;,]+$/, '');
  const [, written = '', email = text] = /^([^<>]*)<([^<>]*)>$/.exec(text) ?? [];
  const name = written
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  return { email: email.trim(), name: name === '' ? undefined : name };
}

function canonicalDomain(input: string): string | undefined {
  if (input.includes(KELVIN_SIGN)) return undefined;
  const typed = input.normalize('NFC').toLowerCase();
  const ascii = /^[\x20-\x7e]*$/.test(typed) ? typed : internationalDomain(typed);
  const labels = ascii?.split('.') ?? [];
  // URL parsers read a number at the end as an IP address; the brackets of an address literal are no label either.
  if (!labels.every((label) => LABEL.test(label)) || /^[0-9]/.test(labels.at(-1) ?? '0')) return undefined;
  return ascii;
}

function internationalDomain(typed: string): string | undefined {
  const ascii = domainToASCII(typed);
  return domainToUnicode(ascii) === typed ? ascii : undefined;
}
