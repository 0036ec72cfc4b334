import type { Pair, Patroni } from './failover/losses.ts';

export type DatabaseKind = 'sqlite' | 'postgres';

export type Row = Readonly<Record<string, unknown>>;

/** The data storage of a service: the settings for a node, and the checker's own access without the product. */
export type Storage = {
  readonly kind: DatabaseKind;
  readonly environment: Readonly<Record<string, string>>;
  /** The file, if the database is one. */
  readonly file: string | undefined;
  /** The raw content of the tables, read over another connection. */
  rows(sql: string): Promise<readonly Row[]>;
  /** The database's own integrity check. Empty if it is sound. */
  damage(): Promise<readonly string[]>;
  /** The server behind it, if there is one. */
  readonly server: DatabaseServer | undefined;
  /** Primary and standby, if there are two. */
  readonly pair?: Pair;
  /** The Patroni cluster, if there is one. */
  readonly patroni?: Patroni;
  /** Closes what other services do not share. */
  close?(): Promise<void>;
};

/** All processes of a database server together. */
export type DatabaseServer = {
  kill(): Promise<void>;
  start(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
};
