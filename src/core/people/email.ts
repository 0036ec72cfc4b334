import { domainToASCII, domainToUnicode } from 'node:url';
import { isShort } from '#core/values/text.ts';

const EMAIL_BYTES_MAX = 254; // RFC 5321 §4.5.3.1.3: a path of 256 with its angle brackets
const LOCAL_PART_MAX = 64; // RFC 5321 §4.5.3.1.1

// RFC 5322 §3.2.3 dot-atom: no quotes, comma, space, bracket or backslash, no dot at an end, no two dots in a row.
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const KELVIN_SIGN = '\u212a'; // the one character that NFC itself turns into an ASCII letter

/**
 * The one form in which an email address is stored, compared and mailed to, or `undefined` when it is none.
 *
 * Trimmed; both parts in lower case; the domain in ASCII (an international one as punycode). A plus tag and dots in the
 * local part stay: only the mail's own server knows what they mean.
 *
 * The local part is ASCII only. Case-insensitive comparing of Unicode makes two people one (Django CVE-2019-19844: `ı`
 * and `K` folded to the victim's letters and got the victim's reset link), and no mail server has to agree with our
 * folding. For the same reason a domain is refused when making it ASCII would change more than its case: `ﬁrm.example`,
 * `＠`, invisible characters and other full stops never match another person's address.
 */
export function canonicalEmail(input: string): string | undefined {
  if (!isShort('email', input)) return undefined;
  // Before trimming: a line end is never part of an address, and would be one of a mail header. The same for \p{Cf} and \p{Co}.
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
 * Whom a pasted text names: an email, or `Name <email>` as address books and mail programs write it, either with the
 * separator that stood behind it. What it names is still to be judged.
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
  // A number at the end is an IP address to every URL parser; the brackets of a literal are no label either.
  if (!labels.every((label) => LABEL.test(label)) || /^[0-9]/.test(labels.at(-1) ?? '0')) return undefined;
  return ascii;
}

function internationalDomain(typed: string): string | undefined {
  const ascii = domainToASCII(typed);
  return domainToUnicode(ascii) === typed ? ascii : undefined;
}
