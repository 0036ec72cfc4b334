import { isStaff, mfaDemand, secondFactorFrom } from '#core/people/policy.ts';
import { staffReason } from '#core/people/staff-reason.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockPartner } from '#store/partners/partners.ts';
import { findPerson, type Partner, type Person } from '#store/people/users.ts';
import {
  capOwnSessionsWithoutSecondFactor,
  deleteOwnSessionsWithoutSecondFactor,
  setExemption,
} from '#store/sessions/password-only.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

/** Nobody is exempt for longer without somebody looking at it again. */
export const EXEMPTION_DAYS_MOST = 365;

type Act = { readonly personId: string; readonly actor: Actor; readonly reason: string };

/**
 * Exempts one person until a moment ahead: they are not asked to enroll until then, and nothing has to be done for it to
 * end. An authenticator that they have is still asked for. Another exemption takes the place of one before.
 */
export async function exemptPerson(env: Env, act: Act & { readonly until: number }): Promise<Person | Refusal> {
  const reason = staffReason(act.reason);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  const { until } = act;
  const now = env.now();
  if (!(until > now && until <= now + EXEMPTION_DAYS_MOST * DAY_SECONDS)) {
    return refuse('invalid_request', { reason: 'until' });
  }
  return actingOn(env, act.actor, act.personId, async (tx) => {
    const held = await holdPartnerOf(tx, act.personId);
    if (!held) return refuse('not_found', { reason: 'user' });
    const { person, partner } = held;
    await setExemption(tx, act.personId, { until, reason });
    const capAt = secondFactorFrom(partner, until);
    if (capAt !== undefined) await capOwnSessionsWithoutSecondFactor(tx, act.personId, capAt);
    const event = { action: 'user.exempted', ...who(act, person), detail: { reason, until } } as const;
    await appendEvent(env, tx, event, actorClient(act.actor));
    return person;
  });
}

/** Ends an exemption before its time; where MFA is required by now, with what the password alone has opened. */
export async function endExemption(env: Env, act: Act): Promise<Person | Refusal> {
  const reason = staffReason(act.reason);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return actingOn(env, act.actor, act.personId, async (tx) => {
    const held = await holdPartnerOf(tx, act.personId);
    if (!held) return refuse('not_found', { reason: 'user' });
    const { person, partner } = held;
    if (person.user.exemptUntil === undefined) return person;
    await setExemption(tx, act.personId, undefined);
    const sessions = await endWhatItOpened(tx, person, partner, env.now());
    const event = { action: 'user.exemption_ended', ...who(act, person), detail: { reason, sessions } } as const;
    await appendEvent(env, tx, event, actorClient(act.actor));
    return person;
  });
}

/**
 * The person of a partner, read under the partner's lock: a change of the policy and of an exemption wait for each other,
 * so that whichever comes second sees the first.
 */
async function holdPartnerOf(tx: Queries, personId: string) {
  const found = await findPerson(tx, personId);
  if (!found?.partner || isStaff(found.user.role)) return undefined;
  const partner = await lockPartner(tx, found.partner.id);
  const person = await findPerson(tx, personId);
  return partner && person && { person, partner };
}

async function endWhatItOpened(tx: Queries, { user }: Person, partner: Partner, now: number): Promise<number> {
  const demand = mfaDemand(partner, user.role, now);
  if (demand.kind === 'required') {
    await deletePendingSignIns(tx, user.id, '');
    return deleteOwnSessionsWithoutSecondFactor(tx, user.id);
  }
  const capAt = secondFactorFrom(partner, undefined);
  if (capAt !== undefined) await capOwnSessionsWithoutSecondFactor(tx, user.id, capAt);
  return 0;
}

function who({ actor }: Act, { user }: Person) {
  return { actor: actorId(actor), subject: user.id, partner: user.partnerId };
}
