import type { Generated } from 'kysely';

/** The tables of one installation as a whole: what its processes share to coordinate, and its settings. */
export type OperationTables = {
  ring_keys: RingKeyTable;
  servers: ServerTable;
  instance_settings: InstanceSettingTable;
};

/** Every key that may have sealed or tagged a row. A server must have it in its ring, unchanged, to start. */
export type RingKeyTable = {
  id: string;
  /** A keyed tag of a fixed text. It shows whether two keys are equal and reveals nothing else. */
  fingerprint: string;
  first_used_at: number;
  /** The time since which it seals; null while servers only load it. */
  activated_at: number | null;
  /** The time since which no row needs it. The row remains, so that its name is never used for another key. */
  retired_at: number | null;
};

/** A serving process with its keys. A rotation or a restore must wait for it. */
export type ServerTable = {
  id: string;
  /** `host:process id`, for the operator. */
  name: string;
  /** The ids of its keys, the active one first, separated by commas. */
  key_ids: string;
  started_at: number;
  seen_at: number;
  /** The public URL; empty for a server of an older version. */
  public_url: Generated<string>;
};

/** One setting that was ever changed. */
export type InstanceSettingTable = {
  name: string;
  /** Null: the default is used again. */
  value: string | null;
  /** Counts the changes, so that a change of what somebody else changed meanwhile is noticed. */
  version: number;
  changed_at: number;
  /** As the audit log names actors. */
  changed_by: string;
};
