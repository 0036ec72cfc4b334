import { DAY_SECONDS } from '#core/time/spans.ts';
import type { AdoptionDayTable } from '#store/partners/tables.ts';

type Arrival = { readonly createdAt: number; readonly enrolledAt: number | undefined };

/** How far everybody was on each of the last days, as if somebody had counted then. Not for people who are disabled. */
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
