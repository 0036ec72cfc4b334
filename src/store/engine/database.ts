import type { Kysely, Transaction } from 'kysely';
import type { AuditTables } from '#store/audit/tables.ts';
import type { AuthenticatorTables } from '#store/authenticators/tables.ts';
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
 * The tables, as both databases hold them: ids are UUIDv7 text, instants Unix seconds, flags 0 or 1,
 * JSON is text. `…_hash` columns hold SHA-256 of a random token; `sealed_…` columns hold `v1.<key id>.<nonce>.<ciphertext>`.
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
  OidcTables &
  OperationTables &
  ForwardAuthTables;

/** A statement runs on either: the database itself or a transaction of it. */
export type Queries = Kysely<Schema>;

/**
 * The database cannot be written or read now: locked by another process, full, broken or closed.
 *
 * Whether a write that ends so is kept is unknown. HTTP answers 503; the text names no path, value or SQL.
 */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

/** What an acknowledged change survives: nothing but a crash of this service, the loss of power, a failover. */
export type Durability = {
  readonly level: 'none' | 'server' | 'failover';
  /** For the operator: why. */
  readonly text: string;
};

export type Database = {
  readonly kind: 'sqlite' | 'postgres';
  /** Reads outside a transaction. */
  readonly read: Queries;
  /**
   * Runs `work` in one write transaction and answers after its COMMIT.
   *
   * Nothing but database work may be awaited inside. A thrown error rolls back. PostgreSQL runs `work` again where
   * another transaction or a broken connection undid it: it must leave no trace but in the database.
   */
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** Why it cannot serve, or undefined. */
  problem(): Promise<string | undefined>;
  /** Empties the write-ahead log: what was erased in the database is then nowhere. */
  truncateLog(): void;
  /** The database's own clock in Unix seconds, with fractions; absent where it is this machine's. */
  clockSeconds?(): Promise<number>;
  durability(): Promise<Durability>;
  /** The connections of this process; absent where there is no pool. */
  pool?(): { total: number; idle: number; waiting: number; most: number };
  close(): Promise<void>;
};
