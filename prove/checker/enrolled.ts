import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyRing, loadKeyRing } from '#crypto/key-ring.ts';
import type { Service } from '../service.ts';
import type { Row } from '../storage.ts';
import { type Finding, finding } from './finding.ts';

/** An enrolled person has secrets and keys that decrypt and a full set of recovery codes. Any other person has neither. */
export async function halfEnrolled({ storage, settings, folder }: Service): Promise<readonly Finding[]> {
  const keys = ringOf(folder, settings);
  const authenticators = await storage.rows(AUTHENTICATORS);
  const codes = await storage.rows('select user_id, count(*) as codes from recovery_codes group by user_id');
  const enrolled = new Set(authenticators.map(({ user_id }) => String(user_id)));
  const whole = new Set(codes.filter((row) => Number(row.codes) === 10).map(({ user_id }) => String(user_id)));
  const coded = await storage.rows('select user_id from access_codes');
  const orphans = codes.map(({ user_id }) => String(user_id)).filter((id) => !enrolled.has(id));
  return [
    ...authenticators
      .filter((row) => !opens(keys, row))
      .map((row) => finding('I3', String(row.user_id), 'a dead secret')),
    ...[...enrolled]
      .filter((id) => !whole.has(id))
      .map((id) => finding('I3', id, 'enrolled without ten recovery codes')),
    ...orphans.map((id) => finding('I3', id, 'recovery codes without an authenticator')),
    ...coded
      .filter(({ user_id }) => enrolled.has(String(user_id)))
      .map(({ user_id }) => finding('I3', String(user_id), 'an access code beside the authenticator that it was for')),
  ];
}

/** A passkey without one of its two rows has no key or no person, and counts as dead. */
const AUTHENTICATORS = `
  select coalesce(a.id, k.id) as id, coalesce(a.user_id, k.user_id) as user_id, a.kind, a.sealed_secret, k.sealed_key
  from authenticators a full join passkeys k on k.id = a.id`;

function opens(keys: KeyRing, { id, user_id, kind, sealed_secret, sealed_key }: Row): boolean {
  const [rowId, userId] = [String(id), String(user_id)];
  try {
    if (kind === 'totp') {
      return keys.open('totp', { table: 'authenticators', rowId, userId }, String(sealed_secret)).length === 20;
    }
    return (
      kind === 'passkey' && keys.open('passkey', { table: 'passkeys', rowId, userId }, String(sealed_key)).length > 0
    );
  } catch {
    return false;
  }
}

function ringOf(folder: string, settings: Readonly<Record<string, string>>): KeyRing {
  const text = settings.SALLYPORT_KEYS ?? readFileSync(join(folder, 'data', 'keys'), 'utf8');
  const keys = loadKeyRing(text);
  if ('problem' in keys) throw new Error(keys.problem);
  return keys;
}
