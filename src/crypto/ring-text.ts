import { makeKey } from './key-ring.ts';

/** The entries `ID:BASE64` of a text that `loadKeyRing` has accepted. */
function entriesOf(text: string): readonly string[] {
  return text.split(',').map((entry) => entry.trim());
}

const isOf = (keyId: string) => (entry: string) => entry.startsWith(`${keyId}:`);

/** The id after the highest `kN` that was ever used, because no id is used twice. */
export function nextKeyId(usedIds: readonly string[]): string {
  const numbers = usedIds.map((id) => Number(/^k(\d{1,9})$/.exec(id)?.[1] ?? 0));
  return `k${Math.max(0, ...numbers) + 1}`;
}

/** The entry of a new key. */
export function newEntry(keyId: string, random: (bytes: number) => Buffer): string {
  return `${keyId}:${makeKey(random)}`;
}

/** The ring with one more key at the end, which opens values but does not seal. */
export function withEntry(text: string, entry: string): string {
  return [...entriesOf(text), entry].join(',');
}

/** The ring with this key at the front: from now on it seals. */
export function withActive(text: string, keyId: string): string {
  const entries = entriesOf(text);
  return [...entries.filter(isOf(keyId)), ...entries.filter((entry) => !isOf(keyId)(entry))].join(',');
}

/** The entry of this key; undefined if the ring has none. */
export function entryOf(text: string, keyId: string): string | undefined {
  return entriesOf(text).find(isOf(keyId));
}

/** The ring without this key. */
export function withoutKey(text: string, keyId: string): string {
  return entriesOf(text)
    .filter((entry) => !isOf(keyId)(entry))
    .join(',');
}
