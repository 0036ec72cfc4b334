import type { Transporter } from 'nodemailer';
import type { Sender, SmtpServer } from '#config/parse.ts';
import { type Delivery, notSent } from './answer.ts';
import type { MailMessage } from './message.ts';

export type Mailer = {
  send(message: MailMessage): Promise<Delivery>;
  /** Closes idle connections. A running delivery must finish by itself. */
  close(): void;
};

/** Time limits for a mail server. A delivery is aborted after `sendSeconds` in any case. */
export const PATIENCE = { connectSeconds: 10, silenceSeconds: 20, sendSeconds: 60 };
type Patience = typeof PATIENCE;

/** The number of parallel deliveries. */
export const CONNECTIONS = 4;
const DELIVERIES_PER_CONNECTION = 100;

/** Mail over SMTP. The client is loaded for the first mail, and connections are reused. */
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

/** Connects like a delivery, with TLS and password, but sends nothing. Answers the fault, or undefined. */
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
    // By default the client sends the machine's name, or a useless address literal if the name has no dot.
    name: helo,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: DELIVERIES_PER_CONNECTION,
    // The outbox schedules retries, so that they are visible there.
    maxRequeues: 0,
    connectionTimeout: connectSeconds * 1000,
    greetingTimeout: connectSeconds * 1000,
    dnsTimeout: connectSeconds * 1000,
    socketTimeout: silenceSeconds * 1000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Addresses are objects and never parsed from text, so no name can inject a recipient or a header. */
function envelopeOf({ id, host, to, at, locale, subject, text, html }: MailMessage, from: Sender) {
  return {
    envelope: { from: from.address, to: [to] },
    from: { ...from },
    to: { name: '', address: to },
    // The same for every try, so that the reader's program shows a mail that was sent twice only once.
    messageId: `<${id}@${host}>`,
    date: new Date(at * 1000),
    subject,
    text,
    html,
    headers: {
      'Auto-Submitted': 'auto-generated',
      // Exchange reads this header before it sends an out-of-office reply.
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': locale,
    },
  };
}
