import type { MfaPolicy } from '#core/people/policy.ts';
import { daysOfStage, type ReminderDays, remindersAhead } from '#core/people/reminder-days.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { namedEvents } from '#features/console/lists.ts';
import { listRollOutEvents, type RollOutAction } from '#store/audit/search.ts';
import {
  estimatePartnerDays,
  listPartnerDays,
  listSentReminders,
  type PartnerDay,
} from '#store/partners/partner-days.ts';
import type { Partner } from '#store/people/users.ts';

const EVENTS_MOST = 10;

/** One thing that happened to the roll-out of a partner, or will happen. */
export type Moment = { readonly at: number } & (
  | {
      readonly kind: 'policy';
      readonly to: MfaPolicy;
      readonly from: number | undefined;
      readonly actor: string | undefined;
    }
  /** Sent by the schedule, so many days before the date; 0: after it. */
  | { readonly kind: 'sent'; readonly daysBefore: number; readonly people: number }
  /** Sent because staff asked for it. */
  | { readonly kind: 'asked'; readonly people: number; readonly actor: string | undefined }
  | { readonly kind: 'ahead'; readonly daysBefore: number }
  | { readonly kind: 'deadline' }
);

export type PartnerHistory = {
  /** Oldest first. */
  readonly moments: readonly Moment[];
  /** The people and those with an authenticator, by day; today is the last one. */
  readonly days: readonly PartnerDay[];
};

type Now = { readonly people: number; readonly enrolled: number; readonly reminderDays: ReminderDays };

/** The timeline of a partner and its curve. */
export async function readHistory(env: Env, partner: Partner, current: Now): Promise<PartnerHistory> {
  const now = env.now();
  const { requiredFrom } = partner;
  const moments: readonly Moment[] = [
    ...(await policyMoments(env, partner.id)),
    ...(await sentMoments(env, partner)),
    ...remindersAhead({ ...partner, reminderDays: current.reminderDays }, now).map((at) => ({
      ...{ at, kind: 'ahead' as const, daysBefore: Math.round(((requiredFrom ?? at) - at) / DAY_SECONDS) },
    })),
    ...(partner.policy === 'required' && requiredFrom !== undefined
      ? [{ at: requiredFrom, kind: 'deadline' as const }]
      : []),
  ];
  return {
    moments: moments.toSorted((one, other) => one.at - other.at),
    days: await readDays(env, partner.id, current, now),
  };
}

async function policyMoments(env: Env, partner: string): Promise<readonly Moment[]> {
  const found = (action: RollOutAction) => listRollOutEvents(env.db.read, { partner, action }, EVENTS_MOST);
  const events = [...(await found('partner.mfa_policy_changed')), ...(await found('partner.reminded'))];
  const named = await namedEvents(env, events);
  return events.map(({ at, action, detail }, index) => {
    const { to, requiredFrom, people } = detailOf(detail);
    const actor = named[index]?.actor;
    return action === 'partner.reminded'
      ? { at, kind: 'asked', people: people ?? 0, actor }
      : { at, kind: 'policy', to: to ?? 'off', from: requiredFrom, actor };
  });
}

type Detail = { readonly to?: MfaPolicy; readonly requiredFrom?: number; readonly people?: number };

/** @param detail JSON that this service wrote. Broken JSON has no facts, but the event is still shown. */
function detailOf(detail: string): Detail {
  try {
    return Object(JSON.parse(detail));
  } catch {
    return {};
  }
}

async function sentMoments({ db }: Env, { id, policy, requiredFrom }: Partner): Promise<readonly Moment[]> {
  if (policy !== 'required' || requiredFrom === undefined) return [];
  const sent = await listSentReminders(db.read, id, requiredFrom);
  return sent.map(({ stage, at, people }) => ({ at, kind: 'sent', daysBefore: daysOfStage(stage), people }));
}

/** What was noted day by day; before the first note an estimate from today's people; and now. */
async function readDays(
  { db }: Env,
  id: string,
  { people, enrolled }: Now,
  now: number,
): Promise<readonly PartnerDay[]> {
  const today = now - (now % DAY_SECONDS);
  const noted = await listPartnerDays(db.read, id);
  const before = noted[0]?.day ?? today;
  const estimated = await estimatePartnerDays(db.read, id, before);
  return [...estimated, ...noted.filter(({ day }) => day < today), { day: today, people, enrolled }].filter(
    (day) => day.people > 0,
  );
}
