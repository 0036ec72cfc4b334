import pg from 'pg';

/** Bounds the memory of a connection on client and server, because each length of a list makes another query text. */
const MOST_NAMED = 200;

/** A query for one connection. With a name, the server parses and plans it only once. */
export type NamedQuery = { readonly name?: string; readonly text: string; readonly values?: unknown[] };

/** Connections that stay with one server process for their whole life. */
const direct = new WeakSet<pg.ClientBase>();

/**
 * Detects a pooler, which can pass our connection to other server processes that do not have our named statements. A
 * pooler reports a process id of its own, because only the pooler can forward a cancel request.
 */
export function noteServerProcess(client: pg.ClientBase, serverPid: number): void {
  if ('processID' in client && client.processID === serverPid) direct.add(client);
}

const names = new Map<string, string>();
let count = 0;

/** The same text has the same name on every connection of this process. */
export function queryOf(client: pg.ClientBase, text: string, parameters: readonly unknown[]): NamedQuery {
  // Several statements in one text are allowed only without values.
  if (parameters.length === 0) return { text };
  const values = [...parameters];
  if (!direct.has(client)) return { text, values };
  const name = names.get(text) ?? (names.size < MOST_NAMED ? newName(text) : undefined);
  return name === undefined ? { text, values } : { name, text, values };
}

/**
 * Whether a newer version added columns after `select *` was planned. If so, the text gets a new name, and the next try
 * plans it again on any connection.
 */
export function isOutdated(error: unknown, { name, text }: NamedQuery): boolean {
  if (!(error instanceof pg.DatabaseError) || error.routine !== 'RevalidateCachedQuery') return false;
  if (names.get(text) === name) newName(text);
  return true;
}

function newName(text: string): string {
  count += 1;
  const name = `sallyport_${count}`;
  names.set(text, name);
  return name;
}
