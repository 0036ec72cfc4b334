import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export const CERTIFICATE = readFileSync(new URL('certificate.pem', import.meta.url), 'utf8');
const KEY = readFileSync(new URL('key.pem', import.meta.url), 'utf8');

/** A code, or a code and its text. */
type Said = number | `${number} ${string}`;

/** A replacement for the server's normal work: an answer, or a way to fail. */
export type Behaviour = {
  greeting?: Said | 'hang';
  sender?: Said;
  /** By the address of the recipient; `*` for all others. */
  recipients?: Readonly<Record<string, Said>>;
  data?: Said | 'drop' | 'hang';
};

export type PostOffice = Awaited<ReturnType<typeof openPostOffice>>;

/** A real SMTP server that stores accepted mail and fails as configured. */
export async function openPostOffice(
  t: Pick<TestContext, 'after'>,
  options: SMTPServerOptions & { host?: string; port?: number } = {},
) {
  const { host = '127.0.0.1', port = 0, ...more } = options;
  const behaviour: Behaviour = {};
  const raw: string[] = [];
  const greetedAs: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    key: KEY,
    cert: CERTIFICATE,
    closeTimeout: 100,
    onConnect: (_session, done) => answer(behaviour.greeting, done),
    onMailFrom(_address, { hostNameAppearsAs }, done) {
      greetedAs.push(String(hostNameAppearsAs));
      answer(behaviour.sender, done);
    },
    onRcptTo: ({ address }, _session, done) =>
      answer(behaviour.recipients?.[address] ?? behaviour.recipients?.['*'], done),
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
    /** The names from EHLO. */
    greetedAs,
    mails: (): Promise<ParsedMail[]> => Promise.all(raw.map((text) => simpleParser(text))),
    close,
  };
}

function answer(how: number | string | undefined, done: (error?: Error) => void): void {
  if (how === 'hang') return;
  const [, code, said = 'as it was told'] = /^(\d{3}) ?(.+)?$/.exec(String(how)) ?? [];
  done(code === undefined ? undefined : Object.assign(new Error(said), { responseCode: Number(code) }));
}

/** Closes the connection before the answer, so it is unknown whether the mail was accepted. */
function drop({ connections }: SMTPServer): void {
  for (const connection of connections) Object(connection)._socket.destroy();
}
