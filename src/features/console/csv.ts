import { dayBegun, dayText, instant as instantText, lastDay } from '#core/time/day.ts';
import { csvLine } from '#core/values/csv.ts';
import type { Env } from '#env.ts';
import type { PartnerQuery, PeopleQuery } from './filters.ts';
import { eachPartner, eachPerson } from './lists.ts';

/** What the list of partners shows, all pages of it. */
export async function partnersCsv(env: Env, query: PartnerQuery): Promise<string> {
  const lines = [csvLine(['slug', 'name', 'mfaPolicy', 'mfaRequiredFrom', 'people', 'enrolled', 'archivedAt'])];
  for await (const row of eachPartner(env, query)) {
    const { slug, name, policy, people, enrolled } = row;
    lines.push(
      csvLine([slug, name, policy, dayOr(dayBegun, row.requiredFrom), people, enrolled, instant(row.archivedAt)]),
    );
  }
  return linesOf(lines);
}

export async function peopleCsv(env: Env, partnerId: string, query: PeopleQuery): Promise<string> {
  const columns = ['email', 'name', 'role', 'state', 'mfaSince', 'recoveryCodesLeft', 'lastSignInAt', 'exemptUntil'];
  const lines = [csvLine([...columns, 'exemptReason'])];
  for await (const row of eachPerson(env, partnerId, query)) {
    const { email, name, role, state, enrolledAt, codesLeft, lastSignInAt, exemptUntil, exemptReason } = row;
    const left = enrolledAt === undefined ? undefined : codesLeft;
    const times = [instant(enrolledAt), left, instant(lastSignInAt), dayOr(lastDay, exemptUntil)];
    lines.push(csvLine([email, name, role, state, ...times, exemptReason]));
  }
  return linesOf(lines);
}

/** RFC 4180: every line has its end, the last one too. */
export function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 3339, UTC. */
export function instant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : instantText(at);
}

/** The day that was promised, as on the page; else the instant. */
function dayOr(dayAt: (at: number) => number | undefined, at: number | undefined): string | undefined {
  const day = at === undefined ? undefined : dayAt(at);
  return day === undefined ? instant(at) : dayText(day);
}
