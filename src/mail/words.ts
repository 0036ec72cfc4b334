import type { Env } from '#env.ts';
import { type Mail, mailBinding } from '#flows/mail.ts';
import { linkSeconds } from '#flows/make-link.ts';
import { isLocale, type Translate, translator } from '#messages/messages.ts';
import type { OutboxTable } from '#store/mail-tables.ts';

export type MailText = { readonly subject: string; readonly text: string };

/** The words of a mail of the outbox, in the language of the person it goes to. Throws when it does not open. */
export function mailText(env: Pick<Env, 'config' | 'keys'>, row: OutboxTable): MailText {
  const t = translator(isLocale(row.locale) ? row.locale : 'en');
  const parameters = JSON.parse(env.keys.open('mail', mailBinding(row.id), row.sealed_parameters).toString());
  // The door: what `queueMail` sealed, and nobody changed since.
  const mail = { kind: row.kind, ...parameters } as Mail;
  const product = env.config.productName;
  const contact = env.config.supportContact;
  const closing =
    contact === undefined ? t('mail.closing', { product }) : t('mail.closingContact', { product, contact });
  const { subject, paragraphs } = wordsOf(env, t, mail);
  return { subject, text: [...paragraphs, closing].join('\n\n') };
}

type Words = { readonly subject: string; readonly paragraphs: readonly string[] };

function wordsOf({ config }: Pick<Env, 'config'>, t: Translate, mail: Mail): Words {
  const product = config.productName;
  switch (mail.kind) {
    case 'password_reset':
      return {
        subject: t('mail.passwordReset.subject', { product }),
        paragraphs: [
          t('mail.passwordReset.text', { product }),
          mail.link,
          t('mail.passwordReset.life', { minutes: linkSeconds('reset') / 60 }),
          t('mail.passwordReset.notYou'),
        ],
      };
    case 'invitation':
      return {
        subject: t('mail.invitation.subject', { product }),
        paragraphs: [
          t('mail.invitation.text', { product }),
          mail.link,
          t('mail.invitation.life', { hours: linkSeconds('invitation') / 3600 }),
          t('mail.invitation.notYou'),
        ],
      };
    case 'mfa_reset':
      return resetWords(config, t, mail.withCode);
    case 'few_codes_left':
      return {
        subject: t('mail.fewCodes.subject', { product }),
        paragraphs: [
          t('mail.fewCodes.text', { product, left: mail.left }),
          t('mail.fewCodes.make'),
          `${config.publicUrl.origin}/security/recovery-codes`,
          t('mail.fewCodes.notYou'),
        ],
      };
  }
}

function resetWords({ productName: product, publicUrl }: Env['config'], t: Translate, withCode: boolean): Words {
  return {
    subject: t('mail.mfaReset.subject', { product }),
    paragraphs: [
      t('mail.mfaReset.text', { product }),
      t(withCode ? 'mail.mfaReset.withCode' : 'mail.mfaReset.next'),
      `${publicUrl.origin}/sign-in`,
      t('mail.mfaReset.notYou'),
    ],
  };
}
