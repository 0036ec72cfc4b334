import type { Transporter } from 'nodemailer';
import type { Sender, SmtpServer } from '#config/parse.ts';
import type { MailMessage } from './message.ts';

/**
 * What became of a mail at the server.
 *
 * `refused`: this mail never (a recipient that does not exist). `deferred`: this mail later. `unavailable`: no mail now.
 * A `fault` is a code and nothing of what the server said, which may repeat what it was sent.
 */
export type Delivery =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'refused' | 'deferred' | 'unavailable'; readonly fault: string };

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
        return deliveryFault(error);
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
    return deliveryFault(error).fault;
  } finally {
    transport.close();
  }
}

async function openTransport(
  { host, port, tls, user, password }: SmtpServer,
  { connectSeconds, silenceSeconds }: Patience,
): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    host,
    port,
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

/** The commands that are about one mail; a refusal of any other is about the server or about our settings. */
const OF_ONE_MAIL = ['RCPT TO', 'DATA'];

/** @param error what the client threw: only its codes are looked at */
function deliveryFault(error: unknown): Exclude<Delivery, { outcome: 'sent' }> {
  const { code, command, responseCode } = Object(error);
  const fault = [code, command, responseCode].filter(isCode).join(' ') || 'unknown';
  if (!OF_ONE_MAIL.includes(command) || typeof responseCode !== 'number') return { outcome: 'unavailable', fault };
  return { outcome: responseCode >= 500 ? 'refused' : 'deferred', fault };
}

function isCode(part: unknown): boolean {
  return typeof part === 'number' || (typeof part === 'string' && /^[A-Z_0-9]{2,20}(?: [A-Z]{2,12})?$/.test(part));
}
