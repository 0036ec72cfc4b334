import type { Transporter } from 'nodemailer';
import type { Sender, SmtpServer } from '#config/parse.ts';
import { type Delivery, notSent } from './answer.ts';
import type { MailMessage } from './message.ts';

export type Mailer = {
  send(message: MailMessage): Promise<Delivery>;
  /** Ends idle connections; a delivery under way has to end by itself. */
  close(): void;
};

/** How long a mail server may take; a delivery is over after `sendSeconds`, whatever it does. */
export const PATIENCE = { connectSeconds: 10, silenceSeconds: 20, sendSeconds: 60 };
type Patience = typeof PATIENCE;

/** Deliveries at once. */
export const CONNECTIONS = 4;
const DELIVERIES_PER_CONNECTION = 100;

/** Mail over SMTP. The client is loaded at the first mail, connections are kept for the next ones. */
export function smtpMailer(server: SmtpServer, from: Sender, patience: Patience = PATIENCE): Mailer {
  let transport: Promise<Transporter> | undefined;
  return {
    async send(message) {
      try {
        transport ??= openTransport(server, patience);
        const signal = AbortSignal.timeout(patience.sendSeconds * 1000);
        await (await transport).sendMail({ ...envelopeOf(message, from), signal });
        return { outcome: 'sent' };
      } catch (error) {
        return notSent(error);
      }
    },
    close() {
      void transport?.then((open) => open.close());
      transport = undefined;
    },
  };
}

/** Says hello as a delivery does, with TLS and password, and sends nothing. Answers the fault, or undefined. */
export async function greet(server: SmtpServer, patience: Patience = PATIENCE): Promise<string | undefined> {
  const transport = await openTransport(server, patience);
  try {
    await transport.verify();
    return undefined;
  } catch (error) {
    return notSent(error).fault;
  } finally {
    transport.close();
  }
}

async function openTransport(
  { host, port, tls, user, password, helo }: SmtpServer,
  { connectSeconds, silenceSeconds }: Patience,
): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    host,
    port,
    // The client's own choice is the name of this machine, and an address of no use to others where that has no dot.
    name: helo,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: DELIVERIES_PER_CONNECTION,
    // When to try again is the outbox's decision: it has to be seen there.
    maxRequeues: 0,
    connectionTimeout: connectSeconds * 1000,
    greetingTimeout: connectSeconds * 1000,
    dnsTimeout: connectSeconds * 1000,
    socketTimeout: silenceSeconds * 1000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Addresses are objects, never text that is parsed: no recipient and no header comes of what a name holds. */
function envelopeOf({ id, host, to, at, locale, subject, text, html }: MailMessage, from: Sender) {
  return {
    envelope: { from: from.address, to: [to] },
    from: { ...from },
    to: { name: '', address: to },
    // The same for every try: a mail that was sent twice is one mail to the reader's program.
    messageId: `<${id}@${host}>`,
    date: new Date(at * 1000),
    subject,
    text,
    html,
    headers: {
      'Auto-Submitted': 'auto-generated',
      // What Exchange asks before it answers that somebody is out of office.
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': locale,
    },
  };
}
