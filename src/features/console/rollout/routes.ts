import { dayText, instant } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { csvLine, linesOf } from '#core/values/csv.ts';
import { doneOf } from '#features/console/shared-routes.ts';
import { bySemicolon, csvFile, seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { readCalendar, readMonth } from './calendar.ts';
import { calendarPage } from './calendar-page.ts';
import { rollOutPage } from './page.ts';
import { ROLL_OUT, readRollOutQuery } from './query.ts';
import { NOTHING_TICKED, reminderRoutes, tickedIds } from './reminder-routes.ts';
import { type ListedRollOut, readRollOut, readWholeList } from './roll-out.ts';

export const rollOutRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: ROLL_OUT,
    guard: 'staff',
    async handle({ env, view, query, session }) {
      const rollOut = await readRollOut(env, readRollOutQuery(query), session.user.id);
      return show(
        rollOutPage(view, rollOut, { done: doneOf(query), isNothingTicked: query.get('nothing') === 'ticked' }),
      );
    },
  }),
  page({
    method: 'GET',
    path: `${ROLL_OUT}.csv`,
    guard: 'staff',
    async handle({ env, view, query, session }) {
      const ticked = tickedIds(query.getAll('partner'));
      if (ticked.length === 0 && query.get('ticked') === 'yes') return seeOther(NOTHING_TICKED);
      const rows = await readWholeList(env, readRollOutQuery(query), session.user.id);
      const shown = ticked.length === 0 ? rows : rows.filter(({ id }) => ticked.includes(id));
      return csvFile('roll-out.csv', csvOf(shown, view.now), bySemicolon(query));
    },
  }),
  page({
    method: 'GET',
    path: `${ROLL_OUT}/calendar`,
    guard: 'staff',
    async handle({ env, view, query }) {
      return show(calendarPage(view, await readCalendar(env, readMonth(query, view.now))));
    },
  }),
  ...reminderRoutes,
];

const COLUMNS = [
  ...['slug', 'name', 'mfaPolicy', 'requiredFrom', 'daysLate', 'people', 'enrolled', 'missing', 'lastReminderAt'],
  'owner',
];

function csvOf(rows: readonly ListedRollOut[], now: number): string {
  const lines = rows.map(({ slug, name, policy, since, people, enrolled, missing, remindedAt, owner }) => {
    const isRequired = policy === 'required';
    const late = isRequired && since <= now ? Math.floor((now - since) / DAY_SECONDS) : undefined;
    const reminded = remindedAt === undefined ? undefined : instant(remindedAt);
    const date = isRequired ? dayText(since) : undefined;
    return csvLine([slug, name, policy, date, late, people, enrolled, missing, reminded, owner]);
  });
  return linesOf([csvLine(COLUMNS), ...lines]);
}
