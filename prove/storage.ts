import type { Pair, Patroni } from './failover/losses.ts';

export type DatabaseKind = 'sqlite' | 'postgres';

export type Row = Readonly<Record<string, unknown>>;

/** Where a service keeps its data: how a node is told of it, and how the checker reads it without the product. */
export type Storage = {
  readonly kind: DatabaseKind;
  readonly environment: Readonly<Record<string, string>>;
  /** The file, where the database is one. */
  readonly file: string | undefined;
  /** The raw dump: what stands in the tables, read by another connection. */
  rows(sql: string): Promise<readonly Row[]>;
  /** What the database itself says of its own soundness; empty when it is sound. */
  damage(): Promise<readonly string[]>;
  /** The server behind it, where there is one. */
  readonly server: DatabaseServer | undefined;
  /** Primary and standby, where there are two. */
  readonly pair?: Pair;
  /** A cluster that looks after itself, where there is one. */
  readonly patroni?: Patroni;
  /** For what is not shared by all services. */
  close?(): Promise<void>;
};

/** Every process of a database server at once. */
export type DatabaseServer = {
  kill(): Promise<void>;
  start(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
};
