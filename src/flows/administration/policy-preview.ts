import { sessionIdleSeconds } from '#core/sessions/session.ts';
import type { Env } from '#env.ts';
import { findPartnerCounts } from '#store/partners/partner-pages.ts';
import { countPasswordSessions } from '#store/sessions/endings.ts';
import type { MfaChoice } from './partner-acts.ts';

/** Whom a policy would affect if it were set now. */
export type PolicyPreview = {
  readonly people: number;
  /** Without an authenticator, and not exempt. */
  readonly missing: number;
  /** Without an authenticator, and exempt. */
  readonly exempt: number;
  /** Sessions that would end at once. With a future date none does. */
  readonly endsSessions: number;
};

export async function previewMfaPolicy(env: Env, partnerId: string, choice: MfaChoice): Promise<PolicyPreview> {
  const { read } = env.db;
  const now = env.now();
  const { people, missing, exempt } = await findPartnerCounts(read, partnerId, now);
  const isNow = choice.policy === 'required' && (choice.requiredFrom ?? now) <= now;
  const asked = { partnerId, notExemptAt: now };
  const alive = { now, idleSince: now - sessionIdleSeconds('member') };
  return {
    people,
    missing,
    exempt,
    endsSessions: isNow ? await countPasswordSessions(read, asked, alive) : 0,
  };
}
