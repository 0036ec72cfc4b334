import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export const CERTIFICATE = readFileSync(new URL('certificate.pem', import.meta.url), 'utf8');
const KEY = readFileSync(new URL('key.pem', import.meta.url), 'utf8');

/** What the server does instead of its work: a code to answer, or a way to fail. */
export type Behaviour = {
  greeting?: number | 'hang';
  sender?: number;
  /** By the address of the recipient. */
  recipients?: Readonly<Record<string, number>>;
  data?: number | 'drop' | 'hang';
};

export type PostOffice = Awaited<ReturnType<typeof openPostOffice>>;

/** A real SMTP server, which keeps what it took and fails as it is told. */
export async function openPostOffice(
  t: Pick<TestContext, 'after'>,
  options: SMTPServerOptions & { host?: string; port?: number } = {},
) {
  const { host = '127.0.0.1', port = 0, ...more } = options;
  const behaviour: Behaviour = {};
  const raw: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    key: KEY,
    cert: CERTIFICATE,
    closeTimeout: 100,
    onConnect: (_session, done) => answer(behaviour.greeting, done),
    onMailFrom: (_address, _session, done) => answer(behaviour.sender, done),
    onRcptTo: ({ address }, _session, done) => answer(behaviour.recipients?.[address], done),
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        if (behaviour.data === 'drop') return drop(server);
        if (behaviour.data === undefined) raw.push(Buffer.concat(chunks).toString());
        answer(behaviour.data, done);
      });
    },
    ...more,
  });
  server.on('error', () => {});
  const listening = server.listen(port, host);
  await new Promise((resolve) => listening.once('listening', resolve));
  const close = () => new Promise<void>((resolve) => server.close(resolve));
  t.after(close);
  const address = listening.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    behaviour,
    raw,
    mails: (): Promise<ParsedMail[]> => Promise.all(raw.map((text) => simpleParser(text))),
    close,
  };
}

function answer(how: number | string | undefined, done: (error?: Error) => void): void {
  if (how === 'hang') return;
  done(typeof how === 'number' ? Object.assign(new Error('as it was told'), { responseCode: how }) : undefined);
}

/** The connection ends before the answer that would say whether the mail was taken. */
function drop({ connections }: SMTPServer): void {
  for (const connection of connections) Object(connection)._socket.destroy();
}
