import { counted } from '#core/values/text.ts';
import type { Env } from '#env.ts';
import { countCodeHolders } from '#store/authenticators/recovery-codes.ts';
import { countSealedRows, type KeyedTable } from '#store/engine/sealed-rows.ts';
import { listRingKeys } from '#store/operations/ring-keys.ts';
import type { RingKeyTable } from '#store/operations/tables.ts';

/** `new`: in the ring, has sealed nothing yet. `older`: sealed before. `retired`: no row needs it. */
export type KeyState = 'active' | 'new' | 'older' | 'retired';

export type KeyStatus = {
  readonly id: string;
  readonly active: boolean;
  readonly state: KeyState;
  /** Rows that need this key, in total and per table. */
  readonly rows: number;
  readonly tables: Readonly<Record<KeyedTable, number>>;
  /** The number of people with a recovery code that only this key can find. */
  readonly codeHolders: number;
};

/** Every key of the ring with its number of rows. The start has checked that no other key is needed. */
export async function keyStatus({ keys, db }: Pick<Env, 'keys' | 'db'>): Promise<readonly KeyStatus[]> {
  const notes = await listRingKeys(db.read);
  const status: KeyStatus[] = [];
  for (const id of keys.keyIds) {
    const tables = await countSealedRows(db.read, id);
    const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
    const active = id === keys.activeKeyId;
    const note = notes.find((one) => one.id === id);
    const codeHolders = tables.recovery_codes === 0 ? 0 : await countCodeHolders(db.read, id);
    status.push({ id, active, state: active ? 'active' : stateOf(note, rows), rows, tables, codeHolders });
  }
  return status;
}

function stateOf(note: RingKeyTable | undefined, rows: number): KeyState {
  if (note?.retired_at) return 'retired';
  return note?.activated_at || rows > 0 ? 'older' : 'new';
}

/**
 * The number of rows that can be resealed: all except the tags of recovery codes and former emails, which need the
 * plain text.
 */
export function resealable({ tables }: KeyStatus): number {
  const { recovery_codes, former_emails, ...others } = tables;
  return Object.values(others).reduce((sum, count) => sum + count, 0);
}

/** Why a key cannot be retired, in words for the operator. Undefined if it can. */
export function needOf(status: KeyStatus): string | undefined {
  const { id, codeHolders, tables } = status;
  const rows = resealable(status);
  if (rows > 0) return `${counted(rows, 'row is', 'rows are')} sealed with ${id}: run "sallyport keys rotate"`;
  if (tables.recovery_codes === 0 && tables.former_emails > 0) {
    return `${counted(tables.former_emails, 'email of a deleted person is', 'emails of deleted people are')} reserved by ${id}, each for 30 days: it has to stay until then`;
  }
  if (tables.recovery_codes === 0) return undefined;
  return `${counted(codeHolders, 'person holds', 'people hold')} ${counted(tables.recovery_codes, 'recovery code')} that only ${id} finds: it has to stay until they have made new ones (/security/recovery-codes) or used them up, or void the codes with "sallyport keys retire ${id} --void-recovery-codes"`;
}
