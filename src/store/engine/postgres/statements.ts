import pg from 'pg';

/** Bounds the memory of a connection on both sides: queries with lists have a text for each length. */
const MOST_NAMED = 200;

/** A query for one connection: with a name it is parsed and planned there once, and not each time. */
export type NamedQuery = { readonly name?: string; readonly text: string; readonly values?: unknown[] };

/** Connections that lead to one server process for as long as they last. */
const direct = new WeakSet<pg.ClientBase>();

/**
 * Remembers whether there is a pooler in between, which hands our connection to other servers' processes: those know no
 * name of ours. A pooler tells a process id of its own making, because it alone can pass a cancel request on.
 */
export function noteServerProcess(client: pg.ClientBase, serverPid: number): void {
  if ('processID' in client && client.processID === serverPid) direct.add(client);
}

const names = new Map<string, string>();
let count = 0;

/** The same text has the same name on every connection of this process. */
export function queryOf(client: pg.ClientBase, text: string, parameters: readonly unknown[]): NamedQuery {
  // Several statements in one text go without values alone.
  if (parameters.length === 0) return { text };
  const values = [...parameters];
  if (!direct.has(client)) return { text, values };
  const name = names.get(text) ?? (names.size < MOST_NAMED ? newName(text) : undefined);
  return name === undefined ? { text, values } : { name, text, values };
}

/**
 * Whether the error says that a newer version has added columns to what `select *` was planned for; then the text gets
 * another name, and asking again, on whichever connection, plans it again.
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
