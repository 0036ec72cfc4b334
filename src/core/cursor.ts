/** Where a list goes on, as a program hands it back: opaque, so that what it is made of can change. */
export function makeCursor(lastId: string): string {
  return Buffer.from(`v1:${lastId}`, 'utf8').toString('base64url');
}

/** The id after which the list goes on, or `undefined` when this is no cursor of ours. */
export function readCursor(cursor: string): string | undefined {
  return /^v1:([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
}
