import type { KeyRing } from '#crypto/key-ring.ts';
import type { FormFields } from '#http/parse.ts';
import type { Session } from '#store/sessions/sessions.ts';

export type RestoredFields = Readonly<Record<string, string>>;

const PARAMETER = 'kept';
/** No form of ours is larger. Sealed and in base64, it must fit the address limits of browsers and proxies. */
const MOST_BYTES = 4096;

/** The fields that may be restored. The route names them, and never names a secret. */
export function pickFields(fields: FormFields, names: readonly string[]): RestoredFields {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * The address of a form that was sent too late, with its typed fields.
 *
 * The fields are sealed for this session and this path, so logs and history reveal nothing and nobody can forge a
 * filled form. `undefined` if they are too large for an address.
 */
export function addressWith(keys: KeyRing, session: Session, path: string, fields: RestoredFields): string | undefined {
  const text = JSON.stringify({ path, fields });
  if (Buffer.byteLength(text) > MOST_BYTES) return undefined;
  return `${path}?${PARAMETER}=${keys.seal('kept-form', binding(session), text)}`;
}

/** The fields that were typed into the form at this address before. A value that cannot be opened counts as absent. */
export function findRestored(
  keys: KeyRing,
  session: Session,
  path: string,
  query: URLSearchParams,
): RestoredFields | undefined {
  const sealed = query.get(PARAMETER);
  if (sealed === null) return undefined;
  try {
    // Cast boundary: this service sealed the value.
    const restored: { path: string; fields: RestoredFields } = JSON.parse(
      keys.open('kept-form', binding(session), sealed).toString(),
    );
    return restored.path === path ? restored.fields : undefined;
  } catch {
    return undefined;
  }
}

function binding({ id, user }: Session) {
  return { table: 'sessions', rowId: id, userId: user.id };
}
