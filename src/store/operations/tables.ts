import type { Generated } from 'kysely';

/** The tables of what the processes of one installation have to agree on. */
export type OperationTables = {
  ring_keys: RingKeyTable;
  servers: ServerTable;
};

/** Every key that may have sealed or tagged a row: a ring without it, or with another key of that name, must not start. */
export type RingKeyTable = {
  id: string;
  /** A keyed tag of a fixed text: tells keys apart, tells nothing of them. */
  fingerprint: string;
  first_used_at: number;
  /** Since when it seals; null while every server only has to hold it. */
  activated_at: number | null;
  /** Since when no row needs it; the note stays, so that its name is never given to another key. */
  retired_at: number | null;
};

/** A process that serves, with the keys that it holds: what a rotation or a restore has to wait for. */
export type ServerTable = {
  id: string;
  /** `host:process id`, for the operator. */
  name: string;
  /** The ids of its ring, the active one first, separated by commas. */
  key_ids: string;
  started_at: number;
  seen_at: number;
  /** Where people reach it; empty for one of an older version. */
  public_url: Generated<string>;
};
