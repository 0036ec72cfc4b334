import type { Kysely, Transaction } from 'kysely';
import type { AuditTables } from '#store/audit/tables.ts';
import type { AuthenticatorTables } from '#store/authenticators/tables.ts';
import type { BulkTables } from '#store/bulk/tables.ts';
import type { ForwardAuthTables } from '#store/forward-auth/tables.ts';
import type { LimitTables } from '#store/limits/tables.ts';
import type { OidcTables } from '#store/oidc/tables.ts';
import type { OperationTables } from '#store/operations/tables.ts';
import type { PartnerTables } from '#store/partners/tables.ts';
import type { PeopleTables } from '#store/people/tables.ts';
import type { ProgramTables } from '#store/programs/tables.ts';
import type { QueueTables } from '#store/queue/tables.ts';
import type { SessionTables } from '#store/sessions/tables.ts';
import type { SignInTables } from '#store/sign-in/tables.ts';

/**
 * The tables as both databases store them: ids are UUIDv7 text, instants Unix seconds, flags 0 or 1, JSON is text.
 * `…_hash` columns hold SHA-256 of a random token; `sealed_…` columns hold `v1.<key id>.<nonce>.<ciphertext>`.
 */
export type Schema = PartnerTables &
  PeopleTables &
  SignInTables &
  SessionTables &
  LimitTables &
  AuthenticatorTables &
  AuditTables &
  ProgramTables &
  QueueTables &
  BulkTables &
  OidcTables &
  OperationTables &
  ForwardAuthTables;

/** A statement runs on both: the database itself or one of its transactions. */
export type Queries = Kysely<Schema>;

/**
 * The database cannot be read or written now: it is locked by another process, full, broken or closed.
 *
 * After this error it is unknown whether a write was stored. HTTP answers 503. The text contains no path, value or SQL.
 */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

/** An acknowledged change survives a crash of this service (`none`), a power loss too, or also a failover. */
export type Durability = {
  readonly level: 'none' | 'server' | 'failover';
  /** The reason, for the operator. */
  readonly text: string;
};

export type Database = {
  readonly kind: 'sqlite' | 'postgres';
  /** Reads outside a transaction. */
  readonly read: Queries;
  /**
   * Runs `work` in one write transaction and returns after its COMMIT.
   *
   * `work` may await only database calls. A thrown error rolls back. PostgreSQL runs `work` again after a conflict with
   * another transaction or a broken connection, so `work` may change only the database.
   */
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** Why the database cannot serve requests, or undefined. */
  problem(): Promise<string | undefined>;
  /** Empties the write-ahead log, because it still contains rows that were erased in the database. */
  truncateLog(): void;
  /** The database's own clock in Unix seconds, with fractions; absent where the database uses this machine's clock. */
  clockSeconds?(): Promise<number>;
  durability(): Promise<Durability>;
  /** The connections of this process; absent where the database has no pool. */
  pool?(): { total: number; idle: number; waiting: number; most: number };
  close(): Promise<void>;
};
