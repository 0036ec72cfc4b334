import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { isShort, isStorable } from '#core/values/text.ts';
import { type Problem, problem } from './problem.ts';

/** Much larger than any form or API call of ours. */
const MAX_BODY_BYTES = 64 * 1024;

/** Our deepest body is one object. Deeper bodies can only be an attack on the stack. */
const MAX_JSON_DEPTH = 8;

/** Our largest form has 20 fields, and a password manager adds a few. */
const MAX_FIELDS = 100;

/** A complete body, or why it was refused. */
export type BodyRead = { readonly bytes: Buffer } | Problem;
type Parsed<T> = { readonly value: T } | Problem;

const EMPTY = Buffer.alloc(0);
const UTF8 = new TextDecoder('utf-8', { fatal: true });

export function isProblem(value: object): value is Problem {
  return 'refused' in value;
}

/** Reads the body and counts its bytes as they arrive, because the announced length can be wrong or missing. */
export async function readBody(request: Request, incoming: IncomingMessage | undefined): Promise<BodyRead> {
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  // No decompression, because a kilobyte can become a gigabyte. `identity` means no compression (RFC 9110 §12.5.3).
  if (encoding.trim().toLowerCase() !== 'identity') return problem('unsupported_media_type');
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) return problem('payload_too_large');
  if (incoming !== undefined) return readIncoming(incoming);
  return request.body === null ? { bytes: EMPTY } : readChunks(request.body);
}

/** Reads Node's own stream if there is one. A web stream around it costs more than the rest of the request. */
function readIncoming(incoming: IncomingMessage): Promise<BodyRead> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve(problem('payload_too_large'));
    });
    incoming.on('end', () => resolve({ bytes: Buffer.concat(chunks) }));
    // No reader is left for this answer.
    incoming.on('error', () => resolve(problem('invalid_request')));
    incoming.on('close', () => resolve(problem('invalid_request')));
  });
}

async function readChunks(body: AsyncIterable<Uint8Array>): Promise<BodyRead> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return problem('payload_too_large');
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}

/** Whether a header has this media type and no charset except UTF-8. Old programs write it without the hyphen. */
export function isMediaType(header: string | null, expected: string): boolean {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';');
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  return type.trim() === expected && (charset === undefined || /^charset="?utf-?8"?$/.test(charset));
}

/**
 * The fields of a form. A field that occurs twice is refused, because two readers could see two different forms.
 *
 * @param repeated fields that may occur several times: ticked rows of a list. Their values are joined with spaces
 */
export function parseForm(bytes: Buffer, repeated: readonly string[] = []): Parsed<Readonly<Record<string, string>>> {
  const text = decode(bytes);
  if (text === undefined) return problem('invalid_request');
  return (
    readFields(text, repeated) ??
    problem('invalid_request', { detail: 'A field was sent twice, or there are too many.' })
  );
}

/** Counts the fields before splitting them. */
function readFields(
  text: string,
  repeated: readonly string[] = [],
): { readonly value: Readonly<Record<string, string>> } | undefined {
  if (text.split('&', MAX_FIELDS + 1).length > MAX_FIELDS) return undefined;
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const first = fields.get(name);
    if (first !== undefined && !repeated.includes(name)) return undefined;
    fields.set(name, first === undefined ? value : `${first} ${value}`);
  }
  return { value: Object.fromEntries(fields) };
}

/** The fields of a form, as its route declares them. */
export type FormFields = Readonly<Record<string, string | undefined>>;
export type Form = z.ZodType<FormFields>;

/** The fields for a handler. Each is optional, so only text that no database can store is refused. */
export function fitForm(form: Form, fields: Readonly<Record<string, string>>): Parsed<FormFields> {
  const fitted = form.safeParse(fields);
  return fitted.success ? { value: fitted.data } : problem('invalid_request');
}

export function parseJson(bytes: Buffer): Parsed<unknown> {
  const text = decode(bytes);
  if (text === undefined) return problem('invalid_request', { detail: 'The body is not UTF-8.' });
  try {
    const value: unknown = JSON.parse(text);
    return isHarmless(value, 1) ? { value } : problem('invalid_request');
  } catch {
    return problem('invalid_request', { detail: 'The body is not JSON.' });
  }
}

/** Validates a JSON body. The error names only a field of ours, never a value or an unknown name. */
export function fitJson(body: z.ZodType, value: unknown): Parsed<unknown> {
  const fitted = body.safeParse(value);
  if (fitted.success) return { value: fitted.data };
  const issue = fitted.error.issues[0];
  const field = issue?.path[0];
  if (issue?.code === 'unrecognized_keys')
    return problem('invalid_request', { detail: 'The body has an unknown field.' });
  if (field === undefined) return problem('invalid_request', { detail: 'The body has to be a JSON object.' });
  return problem('invalid_request', { detail: `The field ${String(field)} is missing or does not fit.` });
}

/** Validates a query. The error names the parameter. A parameter that occurs twice is refused, like a form field. */
export function fitQuery(query: z.ZodType, search: string): Parsed<unknown> {
  const fields = readFields(search.slice(1));
  if (fields === undefined) {
    return problem('invalid_request', { detail: 'A query parameter was sent twice, or there are too many.' });
  }
  const fitted = query.safeParse(fields.value);
  if (fitted.success) return { value: fitted.data };
  const name = fitted.error.issues[0]?.path[0];
  const fault =
    name === undefined ? 'There is an unknown query parameter.' : `The parameter ${String(name)} does not fit.`;
  return problem('invalid_request', { detail: fault });
}

/** The query of a page. A page ignores unknown parameters, but text that no database can store is refused. */
export function readPageQuery(search: string): URLSearchParams | Problem {
  const query = new URLSearchParams(search.split('&', MAX_FIELDS).join('&'));
  return [...query.values()].every(isStorable) ? query : problem('invalid_request');
}

/** The values in the path; `undefined` if one of them cannot be an id, token or file name of ours. */
export function readParams(params: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  return Object.values(params).every((value) => isShort('id', value) && isStorable(value)) ? params : undefined;
}

function decode(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether the value is shallow enough and has no keys that reach a prototype when code copies an object carelessly. */
function isHarmless(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_JSON_DEPTH) return false;
  return Object.entries(value).every(
    ([key, inner]) =>
      key !== '__proto__' && key !== 'constructor' && key !== 'prototype' && isHarmless(inner, depth + 1),
  );
}
