import { hash } from 'node:crypto';
import { isProblem } from './parse.ts';
import { type Problem, problem } from './problem.ts';
import type { LargeBodies, ServerContext } from './server-context.ts';

/**
 * Large bodies that one process reads or works on at a time. Each takes a few times its size: with 12 MiB, two take at
 * most 100 MB.
 */
const LARGE_BODIES_AT_ONCE = 2;
/** Requests that wait for their turn. Their bodies wait on the way here. */
const WAITING_MOST = 8;

/** Answers a request that may have a large body, when it is its turn; a problem if too many wait already. */
export async function withLargeBody(
  { largeBodies }: Pick<ServerContext, 'largeBodies'>,
  whose: keyof LargeBodies,
  answer: () => Promise<Response>,
): Promise<Response | Problem> {
  const turns = largeBodies[whose];
  if (turns.now >= LARGE_BODIES_AT_ONCE) {
    if (turns.waiting.length >= WAITING_MOST) return problem('temporarily_unavailable');
    // The one before hands its place on.
    await new Promise<void>((resolve) => turns.waiting.push(resolve));
  } else turns.now += 1;
  try {
    return await answer();
  } finally {
    const next = turns.waiting.shift();
    if (next) next();
    else turns.now -= 1;
  }
}

/** The fields of a form, and the file that came with it, if it is not empty. */
export type MultipartForm = {
  readonly fields: Readonly<Record<string, string>>;
  readonly upload: Buffer | undefined;
  /** A hash of the file. */
  readonly fileHash?: string | undefined;
};

/** Our largest form with a file has ten fields. */
const PARTS_MOST = 30;

/** Reads a form with a file (RFC 7578). Parts are counted before they are parsed, and no name may come twice. */
export async function parseMultipart(bytes: Buffer, type: string): Promise<MultipartForm | Problem> {
  const [, quoted, plain] = /^multipart\/form-data;.*\bboundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return problem('unsupported_media_type');
  if (hasMoreThan(bytes, `--${boundary}`, PARTS_MOST + 1)) return TOO_MANY;
  const form = await new Response(Buffer.from(bytes), { headers: { 'content-type': type } })
    .formData()
    .catch(() => problem('invalid_request'));
  return isProblem(form) ? form : collect(form);
}

const TOO_MANY = problem('invalid_request', { detail: 'A field was sent twice, or there are too many.' });

async function collect(form: FormData): Promise<MultipartForm | Problem> {
  const fields = new Map<string, string>();
  let upload: Buffer | undefined;
  let files = 0;
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      files += 1;
      if (value.size > 0) upload = Buffer.from(await value.arrayBuffer());
    } else if (fields.has(name)) return TOO_MANY;
    else fields.set(name, value);
  }
  return files > 1
    ? TOO_MANY
    : { fields: Object.fromEntries(fields), upload, fileHash: upload && hash('sha256', upload) };
}

function hasMoreThan(bytes: Buffer, text: string, most: number): boolean {
  let at = -1;
  for (let count = 0; count <= most; count++) {
    at = bytes.indexOf(text, at + 1);
    if (at === -1) return false;
  }
  return true;
}
