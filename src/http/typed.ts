import { z } from 'zod';
import { cutPastCap, isStorable, type TextKind } from '#core/values/text.ts';

/** Which kind of text a schema takes: a test looks for schemas that say none. */
export const typedKinds = z.registry<{ readonly kind: TextKind }>();

/**
 * A text from outside, of a kind that has a cap. Every form, body and query is made of these.
 *
 * What is too long is cut where it is too long for its rule as well, so the rule refuses it with the words for its field
 * and nothing works on the rest. A text that a database cannot keep does not fit; passwords are hashed and may be any.
 */
export function typed(kind: TextKind) {
  const capped = z.string().overwrite((text) => cutPastCap(kind, text));
  const schema = kind === 'password' ? capped : capped.refine(isStorable);
  return schema.register(typedKinds, { kind });
}
