import type { KeyRing } from '#crypto/key-ring.ts';
import type { FormFields } from '#http/parse.ts';
import type { Session } from '#store/sessions/sessions.ts';

export type KeptFields = Readonly<Record<string, string>>;

const PARAMETER = 'kept';
/** More than this is no form of ours; an address has to fit a browser's and a proxy's limits, sealed and in base64. */
const MOST_BYTES = 4096;

/** The fields of a form that may come back to it: those that its route names, and so never a secret. */
export function pickFields(fields: FormFields, names: readonly string[]): KeptFields {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * The address of a form that was sent too late, with what was typed into it.
 *
 * Sealed for this session and this path: it tells nothing to a log or a history, and nobody can make up a filled form.
 * `undefined` when that is more than an address can carry.
 */
export function addressWith(keys: KeyRing, session: Session, path: string, fields: KeptFields): string | undefined {
  const text = JSON.stringify({ path, fields });
  if (Buffer.byteLength(text) > MOST_BYTES) return undefined;
  return `${path}?${PARAMETER}=${keys.seal('kept-form', binding(session), text)}`;
}

/** What was typed into the form at this address before; what does not open is as good as not there. */
export function findKept(
  keys: KeyRing,
  session: Session,
  path: string,
  query: URLSearchParams,
): KeptFields | undefined {
  const sealed = query.get(PARAMETER);
  if (sealed === null) return undefined;
  try {
    // Cast boundary: we sealed it ourselves.
    const kept: { path: string; fields: KeptFields } = JSON.parse(
      keys.open('kept-form', binding(session), sealed).toString(),
    );
    return kept.path === path ? kept.fields : undefined;
  } catch {
    return undefined;
  }
}

function binding({ id, user }: Session) {
  return { table: 'sessions', rowId: id, userId: user.id };
}
