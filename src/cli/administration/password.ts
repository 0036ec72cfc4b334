import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Misuse } from '#cli/command.ts';
import { lineOf } from '#core/values/text-bytes.ts';

/** How the person can sign in: with a password, or through an invitation. */
export type Entrance = { readonly password: string | undefined };

/** Reads the password from standard input, prompts for it without echo on a terminal, or uses an invitation. */
export async function readEntrance(given: { 'password-stdin': boolean; invite: boolean }): Promise<Entrance | Misuse> {
  if (given.invite && given['password-stdin']) return { misuse: 'give --password-stdin or --invite, not both' };
  if (given.invite) return { password: undefined };
  if (given['password-stdin']) return { password: await readAll() };
  if (!process.stdin.isTTY) return { misuse: 'give --password-stdin or --invite' };
  const [password, again] = await askHidden(['Password: ', 'Once more: ']);
  if (password !== again) throw new Error('the two passwords differ: try again');
  return { password };
}

// Many times the longest accepted password. A longer input is the wrong file.
const LONGEST_INPUT_BYTES = 64 * 1024;

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > LONGEST_INPUT_BYTES) throw new Error('standard input holds more than a password: give one line');
  }
  const text = lineOf(Buffer.concat(chunks));
  if (text === undefined) throw new Error('the password on standard input is not UTF-8: send it as UTF-8 text');
  return text;
}

/** Answers the input for each prompt, without echo. */
async function askHidden(prompts: readonly string[]): Promise<string[]> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: unseen, terminal: true });
  const answers: string[] = [];
  try {
    for (const prompt of prompts) {
      process.stderr.write(prompt);
      answers.push(await nextLine(lines));
      process.stderr.write('\n');
    }
  } finally {
    lines.close();
  }
  return answers;
}

function nextLine(lines: ReturnType<typeof createInterface>): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('SIGINT', () => reject(new Error('stopped: nothing was changed')));
    lines.once('close', () => reject(new Error('no password was typed: nothing was changed')));
  });
}
