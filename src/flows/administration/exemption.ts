import { mfaDemand, secondFactorFrom } from '#core/people/policy.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockPartner } from '#store/partners/partners.ts';
import { setExemption } from '#store/people/exemptions.ts';
import type { Partner, Person } from '#store/people/users.ts';
import { capPasswordSessions, endSessions } from '#store/sessions/endings.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { needReason, personAct, type Why } from './act.ts';

/** After this time somebody has to decide about the exemption again. */
export const EXEMPTION_DAYS_MOST = 365;

/**
 * Exempts one person until a future moment: until then they need not enroll, and the exemption expires by itself. They
 * still need an authenticator that they have. A new exemption replaces an earlier one.
 */
export const exemptPerson = personAct({
  name: 'exempt',
  events: ['user.exempted'],
  needs(typed: Why & { readonly until: number }, env) {
    const why = needReason(typed);
    const { until } = typed;
    const now = env.now();
    const isAhead = until > now && until <= now + EXEMPTION_DAYS_MOST * DAY_SECONDS;
    const unfit = refuseFields([isRefusal(why) && 'reason_missing', !isAhead && 'until']);
    return isRefusal(why) || unfit ? (unfit ?? refuse('invalid_request')) : { ...why, until };
  },
  async does({ tx, person, input: { reason, until }, note }) {
    const partner = await lockPartnerOf(tx, person);
    if (!partner) return refuse('not_found', { reason: 'user' });
    const { id } = person.user;
    await setExemption(tx, id, { until, reason });
    const capAt = secondFactorFrom(partner, until);
    if (capAt !== undefined) await capPasswordSessions(tx, { userId: id }, capAt);
    await note('user.exempted', { reason, until });
    return person;
  },
});

/** Ends an exemption early and, if MFA is required by now, also what the password alone has opened. */
export const endExemption = personAct({
  name: 'end_exemption',
  events: ['user.exemption_ended'],
  needs: needReason,
  async does({ env, tx, person, input: { reason }, note }) {
    const partner = await lockPartnerOf(tx, person);
    if (!partner) return refuse('not_found', { reason: 'user' });
    if (person.user.exemptUntil === undefined) return person;
    await setExemption(tx, person.user.id, undefined);
    const sessions = await endWhatItOpened(tx, person, partner, env.now());
    await note('user.exemption_ended', { reason, sessions });
    return person;
  },
});

/** The lock puts a change of policy and a change of exemption in sequence: the second one sees the first. */
async function lockPartnerOf(tx: Queries, { partner }: Person): Promise<Partner | undefined> {
  return partner && lockPartner(tx, partner.id);
}

async function endWhatItOpened(tx: Queries, { user }: Person, partner: Partner, now: number): Promise<number> {
  const demand = mfaDemand(partner, user.role, now);
  if (demand.kind === 'required') {
    await deletePendingSignIns(tx, user.id, '');
    return endSessions(tx, { userId: user.id }, { passwordOnly: true });
  }
  const capAt = secondFactorFrom(partner, undefined);
  if (capAt !== undefined) await capPasswordSessions(tx, { userId: user.id }, capAt);
  return 0;
}
