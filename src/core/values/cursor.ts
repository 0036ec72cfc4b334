import { createHash } from 'node:crypto';
import { isShort } from './text.ts';

/** The position in a list that a program sends back. It is opaque, so that its content can change. */
export function makeCursor(list: string, lastId: string): string {
  return Buffer.from(`v1:${tagOf(list)}:${lastId}`, 'utf8').toString('base64url');
}

/**
 * The id after which the list continues, or `undefined` if this is no cursor of this list.
 *
 * @param list its name and filters, because a cursor of another list would silently skip rows
 */
export function readCursor(list: string, cursor: string): string | undefined {
  if (!isShort('cursor', cursor)) return undefined;
  const [, tag, id] =
    /^v1:([\w-]{8}):([0-9a-f-]{36}|\d{1,7})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  return tag === tagOf(list) ? id : undefined;
}

function tagOf(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, 8);
}
