import { type ResetRules, resolveRules } from '#core/instance/settings.ts';
import type { Acting } from '#core/people/permissions.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdRules } from '#store/engine/locks.ts';
import { readStoredSettings } from '#store/instance/settings.ts';

/**
 * The rules for resets as they are stored now.
 *
 * In a transaction they stay as they are until it ends: a stricter rule is either visible here, or its change waits for
 * this transaction and takes effect after it.
 */
export async function readResetRules({ config }: Pick<Env, 'config'>, queries: Queries): Promise<ResetRules> {
  if (queries.isTransaction) await holdRules(queries);
  return resolveRules(config.given, await readStoredSettings(queries));
}

/** Whether the rules let this actor reset, with an access code of that life. */
export function checkReset(rules: ResetRules, acting: Acting, codeMinutes: number): Refusal | undefined {
  const refused = checkResetter(rules, acting);
  if (refused) return refused;
  return codeMinutes > rules.accessCodeMinutes ? refuse('invalid_request', { reason: 'code_minutes' }) : undefined;
}

/** Whether this actor may reset. An administrator made each API key and chose its scopes, so a key may what they say. */
export function checkResetter({ resetsBy }: ResetRules, acting: Acting): Refusal | undefined {
  const isOther = acting.kind === 'person' && acting.role !== 'admin';
  if (resetsBy === 'staff' || !isOther) return undefined;
  return refuse('forbidden', { reason: 'resets_by_administrators' });
}
