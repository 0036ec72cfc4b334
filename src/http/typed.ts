import { z } from 'zod';
import { cutPastCap, isStorable, type TextKind } from '#core/values/text.ts';

/** The kind of text of each schema. A test finds schemas without one. */
export const typedKinds = z.registry<{ readonly kind: TextKind }>();

/**
 * A text from outside, of a kind with a length cap. Every form, body and query uses these.
 *
 * Text past the cap is cut, but remains too long for its own rule. So that rule refuses it with its own message, and no
 * code works on the rest. Text that a database cannot store is refused. Passwords are hashed, so they may contain
 * anything.
 */
export function typed(kind: TextKind) {
  const capped = z.string().overwrite((text) => cutPastCap(kind, text));
  const schema = kind === 'password' ? capped : capped.refine(isStorable);
  return schema.register(typedKinds, { kind });
}
