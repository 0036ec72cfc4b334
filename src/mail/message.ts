import { type PartnerLook, partnerBrand } from '#core/brand/look.ts';
import type { Env } from '#env.ts';
import { type Mail, mailBinding } from '#flows/runtime/mail.ts';
import { isLocale, type Locale } from '#messages/locales.ts';
import { translator } from '#messages/messages.ts';
import type { OutboxTable } from '#store/queue/tables.ts';
import { mailHtml } from './html.ts';
import { subjectOf, type Words, wordsOf } from './words.ts';

/** A mail ready to send. */
export type MailMessage = {
  readonly id: string;
  /** The domain of its Message-ID. */
  readonly host: string;
  readonly to: string;
  /** When the mail was written. */
  readonly at: number;
  readonly locale: Locale;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** For a mail to a person of a partner with this look. */
export function withLook<E extends Pick<Env, 'brand'>>(env: E, look: PartnerLook | undefined): E {
  return look === undefined ? env : { ...env, brand: () => partnerBrand(env.brand(), look) };
}

type MessageEnv = Pick<Env, 'config' | 'brand' | 'keys'>;

/** The parameters that `queueMail` sealed. Undefined if they were erased. Throws if they cannot be decrypted. */
export function openMail(keys: Env['keys'], row: OutboxTable): Mail | undefined {
  if (row.sealed_parameters === '') return undefined;
  const parameters = JSON.parse(keys.open('mail', mailBinding(row), row.sealed_parameters).toString());
  const counted = row.kind === 'more_news' && { count: row.held_back };
  // Cast boundary: `queueMail` sealed this, and nobody has changed it since.
  return { kind: row.kind, ...parameters, ...counted } as Mail;
}

/** A mail in the receiver's language. Throws if a value for a text is missing, which is a bug of ours. */
export function writeMail(
  { config, brand: brandNow }: Pick<Env, 'config' | 'brand'>,
  row: OutboxTable,
  mail: Mail,
): MailMessage {
  const locale = localeOf(row);
  const brand = brandNow();
  const words = wordsOf({ t: translator(locale), locale, config, brand }, mail, row.created_at);
  return {
    id: row.id,
    host: new URL(config.publicUrl.origin).hostname,
    to: row.recipient,
    at: row.created_at,
    locale,
    subject: words.subject,
    text: plainText(words),
    html: mailHtml(words, { locale, product: brand.name, hue: brand.hue }),
  };
}

/** Opens and writes a mail, to read the outbox. */
export function mailMessage(env: MessageEnv, row: OutboxTable): MailMessage | undefined {
  const mail = openMail(env.keys, row);
  return mail && writeMail(env, row, mail);
}

/** Only the subject, which also works for an erased mail. */
export function mailSubject({ brand }: MessageEnv, row: OutboxTable): string {
  // Cast boundary: the kind that `queueMail` wrote.
  return subjectOf({ t: translator(localeOf(row)), brand: brand() }, row.kind as Mail['kind']);
}

function localeOf({ locale }: OutboxTable): Locale {
  return isLocale(locale) ? locale : 'en';
}

/** The link is alone on its line, so that programs find its end. */
function plainText({ text, facts, action, after, closing }: Words): string {
  const lines = facts.map(([label, value]) => `${label}: ${value}`);
  const parts = [text, lines.join('\n'), `${action.label}:\n${action.href}`, after, closing];
  return parts.filter((part) => part !== '').join('\n\n');
}
