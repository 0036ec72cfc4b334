import { lastDay } from '#core/time/day.ts';
import { csvLine, dayOr, instant, linesOf } from '#core/values/csv.ts';
import type { Env } from '#env.ts';
import { eachTeamRow, type readTeamQuery } from './list.ts';

const COLUMNS = ['email', 'name', 'role', 'state', 'mfaSince', 'lastSignInAt', 'exemptUntil', 'lastRemindedAt'];
const ROWS_PER_PIECE = 500;

/** Everyone of the team who matches, in pieces. It holds what the page shows a manager, and nothing else. */
export async function* teamCsv(
  env: Env,
  partnerId: string,
  query: ReturnType<typeof readTeamQuery>,
): AsyncGenerator<string> {
  let lines = [csvLine(COLUMNS)];
  for await (const row of eachTeamRow(env, partnerId, query)) {
    const { email, name, role, state, enrolledAt, lastSignInAt, exemptUntil, remindedAt } = row;
    const times = [instant(enrolledAt), instant(lastSignInAt), dayOr(lastDay, exemptUntil), instant(remindedAt)];
    lines.push(csvLine([email, name, role, state, ...times]));
    if (lines.length < ROWS_PER_PIECE) continue;
    yield linesOf(lines);
    lines = [];
  }
  yield linesOf(lines);
}
