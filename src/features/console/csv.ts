import { dayBegun, lastDay } from '#core/time/day.ts';
import { csvLine, dayOr, instant, linesOf } from '#core/values/csv.ts';
import type { Env } from '#env.ts';
import type { PartnerQuery, PeopleQuery } from './filters.ts';
import { eachPartner, eachPerson } from './lists.ts';

/** All partners that match the query, not only one page. */
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
