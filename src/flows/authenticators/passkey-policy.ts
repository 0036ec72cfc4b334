import type { PasskeyPolicy } from '#core/people/policy.ts';
import { sessionIdleSeconds } from '#core/sessions/session.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { findPartner, lockPartner, setPasskeyPolicy } from '#store/partners/partners.ts';
import { countPasskeys, listWithoutPasskey, type PasskeyCounts } from '#store/people/passkey-adoption.ts';
import { claimReminding } from '#store/people/user-life.ts';
import type { Partner } from '#store/people/users.ts';
import { capSessionsWithoutPasskey, countSessionsWithoutPasskey, endSessions } from '#store/sessions/endings.ts';

/** The policy to set. `requiredFrom` counts with `required` only; a past moment means now. */
export type PasskeyChoice = { readonly policy: PasskeyPolicy; readonly requiredFrom?: number | undefined };

export type PasskeyPolicyChange = { readonly partner: Partner; readonly sessions: number };

/**
 * Says whether passkeys count for the people of a partner. `required` from now ends, in the same transaction, every
 * session without a passkey; with a date these sessions end by that date.
 */
export function changePasskeyPolicy(
  env: Env,
  actor: Actor,
  partnerId: string,
  choice: PasskeyChoice,
  around: Around<PasskeyPolicyChange> = plainly,
): Promise<PasskeyPolicyChange | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    const now = env.now();
    const { policy } = choice;
    const isAhead = policy === 'required' && (choice.requiredFrom ?? now) > now;
    const requiredFrom = isAhead ? choice.requiredFrom : undefined;
    await setPasskeyPolicy(tx, partnerId, { policy, requiredFrom });
    if (requiredFrom !== undefined) await capSessionsWithoutPasskey(tx, partnerId, requiredFrom);
    const isNow = policy === 'required' && !isAhead;
    const sessions = isNow ? await endSessions(tx, { partnerId }, { withoutPasskey: true }) : 0;
    const detail = { from: before.passkeyPolicy ?? 'allowed', to: policy, requiredFrom, sessions };
    const event = { action: 'partner.passkey_policy_changed', partner: partnerId, detail } as const;
    await appendEvent(env, tx, { ...event, actor: actorId(actor) }, actorClient(actor));
    return { partner: { ...before, passkeyPolicy: policy, passkeyRequiredFrom: requiredFrom }, sessions };
  });
}

export type PasskeyPreview = PasskeyCounts & {
  /** Sessions that would end at once. With a future date none does. */
  readonly endsSessions: number;
};

/** Whom a policy would affect if it were set now. */
export async function previewPasskeyPolicy(
  env: Env,
  partnerId: string,
  choice: PasskeyChoice,
): Promise<PasskeyPreview> {
  const { read } = env.db;
  const now = env.now();
  const isNow = choice.policy === 'required' && (choice.requiredFrom ?? now) <= now;
  const alive = { now, idleSince: now - sessionIdleSeconds('member') };
  const endsSessions = isNow ? await countSessionsWithoutPasskey(read, partnerId, alive) : 0;
  return { ...(await countPasskeys(read, partnerId)), endsSessions };
}

/** One transaction for each so many people, and sign-ins wait for it. */
const PEOPLE_PER_TRANSACTION = 50;

/** One request reminds no more, in whole transactions. The next one goes on with those who were not reminded yet. */
export const PASSKEYS_REMINDED_AT_ONCE = 1000;

/** Mails everybody of a partner without a passkey, each at most once a day; returns how many. */
export async function remindOfPasskeys(env: Env, actor: Actor, partnerId: string): Promise<number | Refusal> {
  let reminded = 0;
  let after = '';
  while (reminded < PASSKEYS_REMINDED_AT_ONCE) {
    const people = await listWithoutPasskey(env.db.read, partnerId, { after, limit: PEOPLE_PER_TRANSACTION });
    const done = await actingTransaction(env, actor, plainly, async (tx) => {
      const partner = await findPartner(tx, partnerId);
      if (!partner || partner.archivedAt !== undefined) return refuse('not_found', { reason: 'partner' });
      return remindAll(env, tx, { actor, partner, people });
    });
    if (typeof done !== 'number') return done;
    reminded += done;
    const last = people.at(-1);
    if (last === undefined || people.length < PEOPLE_PER_TRANSACTION) break;
    after = last.email;
  }
  return reminded;
}

type Batch = {
  readonly actor: Actor;
  readonly partner: Partner;
  readonly people: Awaited<ReturnType<typeof listWithoutPasskey>>;
};

async function remindAll(
  env: Env,
  tx: Parameters<typeof claimReminding>[0],
  { actor, partner, people }: Batch,
): Promise<number> {
  let reminded = 0;
  const now = env.now();
  for (const { id, email, locale } of people) {
    if (!(await claimReminding(tx, id, now, now - DAY_SECONDS))) continue;
    await queueMail(env, tx, { id, email, locale, partnerId: partner.id }, { kind: 'passkey_asked' });
    const event = { action: 'user.reminded', subject: id, partner: partner.id, detail: {} } as const;
    await appendEvent(env, tx, { ...event, actor: actorId(actor) }, actorClient(actor));
    reminded++;
  }
  return reminded;
}
