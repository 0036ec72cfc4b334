import type { Env } from '#env.ts';
import { countSealedRows, type SealedColumn } from '#store/sealed-rows.ts';

export type KeyStatus = {
  readonly id: string;
  readonly active: boolean;
  /** Rows that need this key, and which. */
  readonly rows: number;
  readonly tables: Readonly<Record<SealedColumn, number>>;
};

/** Every key of the ring, with how many rows it sealed or tagged. The start has made sure that no other key is needed. */
export async function keyStatus({ keys, db }: Pick<Env, 'keys' | 'db'>): Promise<readonly KeyStatus[]> {
  const status: KeyStatus[] = [];
  for (const id of keys.keyIds) {
    const tables = await countSealedRows(db.read, id);
    const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
    status.push({ id, active: id === keys.activeKeyId, rows, tables });
  }
  return status;
}
