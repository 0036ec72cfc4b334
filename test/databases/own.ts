import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Database } from '#store/engine/database.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';

const CONNECTIONS = 10;
const PATIENCE_SECONDS = 20;

/** A new, empty database for one test, possibly on its own server. */
export type OwnDatabase = {
  readonly name: string;
  /** @param settings of every connection with this address, such as `deadlock_timeout=50ms` */
  url(settings?: string): string;
  /** As an administrator, whose COMMIT waits for no standby. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  open(settings?: string, connections?: number): Promise<Database>;
};

/** @param server the address of any other database on the server */
export async function ownDatabase(t: Pick<TestContext, 'after'>, server: string): Promise<OwnDatabase> {
  const name = `own_${randomBytes(6).toString('hex')}`;
  await ask(server, `create database ${name}`);
  const address = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const url = (settings?: string) => withSettings(address, settings);
  return {
    name,
    url,
    query: (text, values) => ask(url(), text, values),
    async open(settings, connections = CONNECTIONS) {
      const db = await openPostgres(url(settings), { create: true, connections });
      t.after(() => db.close());
      return db;
    },
  };
}

export const LOCAL = 'synchronous_commit=local';

function withSettings(address: string, settings: string | undefined): string {
  if (settings === undefined) return address;
  const url = new URL(address);
  url.searchParams.set('options', `-c ${settings}`);
  return url.href;
}

export async function ask(address: string, text: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: withSettings(address, LOCAL) });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as readonly Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Repeats the query until there is an answer. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  seconds: number = PATIENCE_SECONDS,
): Promise<T> {
  const endsAt = performance.now() + seconds * 1000;
  while (performance.now() < endsAt) {
    const found = await look();
    if (found !== undefined) return found;
    await wait(20);
  }
  throw new Error(`${what}: not within ${seconds} seconds`);
}
