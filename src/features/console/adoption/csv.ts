import { dayText } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { csvLine, instant, linesOf } from '#core/values/csv.ts';
import type { Env } from '#env.ts';
import { listEventDays, listOverduePeople } from '#store/partners/adoption.ts';
import type { Curve } from './adoption.ts';

const YEAR_DAYS = 365;
const ROWS_PER_READ = 500;

/** The curve as CSV. */
export function daysCsv({ days }: Curve): string {
  const lines = days.map(({ day, people, enrolled }) => csvLine([dayText(day), people, enrolled]));
  return linesOf(['day,people,enrolled', ...lines]);
}

/** Sign-ins and refusals of a year, by day, with the codes of the audit log. */
export async function signInsCsv(env: Env): Promise<string> {
  const days = await listEventDays(env.db.read, env.now() - YEAR_DAYS * DAY_SECONDS);
  const lines = days.map(({ day, action, reason, count }) => csvLine([dayText(day), action, reason, count]));
  return linesOf(['day,action,reason,count', ...lines]);
}

/** Everyone who must have an authenticator by now and has none, in chunks. */
export async function* overdueCsv(env: Env): AsyncGenerator<string> {
  const now = env.now();
  yield linesOf(['partner,email,name,lastSignInAt']);
  for (let after: string | undefined = ''; after !== undefined; ) {
    const people = await listOverduePeople(env.db.read, { after, limit: ROWS_PER_READ, now });
    yield linesOf(
      people.map(({ slug, email, name, lastSignInAt }) => csvLine([slug, email, name, instant(lastSignInAt)])),
    );
    after = people.length === ROWS_PER_READ ? people.at(-1)?.id : undefined;
  }
}
