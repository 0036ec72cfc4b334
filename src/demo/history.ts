import type { AuditEvent } from '#core/audit/actions.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { createIdSource } from '#crypto/random.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import type { AdoptionDayTable } from '#store/partners/tables.ts';
import { chance, type MadePartner, type MadePerson } from './people.ts';

export const HISTORY_DAYS = 90;

/** `number`: seeds the address and the device. */
type Happening = { readonly at: number; readonly event: AuditEvent; readonly number?: number };

const DEVICES = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 Version/26.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/149.0.0.0 Safari/537.36',
];

type Cast = { readonly partners: readonly MadePartner[]; readonly people: readonly MadePerson[] };

/** Writes the audit log of the last three months like the service itself, oldest event first. */
export async function writeHistory(env: Env, tx: Queries, { partners, people }: Cast, actor: string): Promise<void> {
  const since = env.now() - HISTORY_DAYS * DAY_SECONDS;
  const all: readonly Happening[] = [
    ...partners.flatMap(({ row }, number) => policyChange(row, since + (2 + 3 * number) * DAY_SECONDS, actor)),
    ...people.flatMap((person, number) => lifeOf(person, number, since)),
  ];
  let at = since;
  // Ids contain the time too, because the log is read in their order.
  const then = { ...env, now: () => at, newId: createIdSource(() => at * 1000) };
  for (const { event, number, ...happening } of all.toSorted((one, other) => one.at - other.at)) {
    at = happening.at;
    await appendEvent(then, tx, event, number === undefined ? undefined : clientOf(env, number));
  }
}

function policyChange({ id, mfa_policy: to, mfa_required_from: from }: MadePartner['row'], at: number, actor: string) {
  if (to === 'off') return [];
  const detail = { from: 'off' as const, to, requiredFrom: from ?? undefined };
  return [{ at, event: { action: 'partner.mfa_policy_changed', actor, partner: id, detail } }] as const;
}

/** A person's set-up and sign-ins, up to the last one in their row. */
function lifeOf({ user, authenticator }: MadePerson, number: number, since: number): readonly Happening[] {
  const who = { actor: user.id, subject: user.id, partner: user.partner_id ?? undefined };
  const enrolledAt = authenticator?.created_at ?? Number.POSITIVE_INFINITY;
  const happenings: Happening[] = [];
  if (enrolledAt >= since && Number.isFinite(enrolledAt)) {
    happenings.push({ at: enrolledAt, number, event: { action: 'totp.enrolled', ...who, detail: {} } });
  }
  const first = Math.max(since, user.created_at);
  const last = Math.min(user.last_sign_in_at ?? 0, user.disabled_at ?? Number.POSITIVE_INFINITY);
  for (let at = last, turn = number * 101; at > first; turn++, at -= Math.ceil((2 + 9 * chance(turn)) * DAY_SECONDS)) {
    const isEnrolled = enrolledAt <= at;
    if (chance(turn + 7_919) < 0.1)
      happenings.push({ at: at - 20, number, event: { ...refusal(turn, isEnrolled), ...who } });
    const amr = isEnrolled ? (chance(turn + 104_729) < 0.03 ? ['pwd', 'mfa'] : ['pwd', 'otp', 'mfa']) : ['pwd'];
    happenings.push({ at, number, event: { action: 'sign_in.completed', ...who, detail: { amr } } });
  }
  return happenings;
}

function refusal(turn: number, isEnrolled: boolean) {
  const drawn = isEnrolled ? chance(turn + 15_485_863) : 0;
  if (drawn < 0.5) return { action: 'sign_in.password_refused', detail: { reason: 'wrong_password' } } as const;
  const reason = drawn < 0.75 ? 'code_incorrect' : drawn < 0.94 ? 'code_expired' : 'code_already_used';
  return { action: 'sign_in.code_refused', detail: { reason } } as const;
}

function clientOf(env: Env, number: number) {
  return {
    requestId: env.newId(),
    // RFC 5737: addresses for documentation.
    address: `198.51.100.${1 + (number % 250)}`,
    userAgent: DEVICES[number % DEVICES.length],
  };
}

type Arrival = { readonly createdAt: number; readonly enrolledAt: number | undefined };

/** Everyone's progress on each of the last days, as if it had been counted then. Disabled people are left out. */
export function adoptionDays(people: readonly Arrival[], { now, days }: { now: number; days: number }) {
  const today = now - (now % DAY_SECONDS);
  const came = ascending(people.map(({ createdAt }) => createdAt));
  const enrolled = ascending(people.flatMap(({ enrolledAt }) => enrolledAt ?? []));
  const rows: AdoptionDayTable[] = [];
  const counts = { people: 0, enrolled: 0 };
  for (let day = today - days * DAY_SECONDS; day < today; day += DAY_SECONDS) {
    const end = day + DAY_SECONDS;
    while ((came[counts.people] ?? end) < end) counts.people += 1;
    while ((enrolled[counts.enrolled] ?? end) < end) counts.enrolled += 1;
    rows.push({ day, ...counts });
  }
  return rows;
}

function ascending(instants: readonly number[]): readonly number[] {
  return instants.toSorted((one, other) => one - other);
}
