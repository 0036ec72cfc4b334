import { consolePage } from '#features/console/frame-page.ts';
import { wholeNumbers } from '#messages/per-locale.ts';
import { linkButton } from '#ui/parts/actions.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';
import type { Calendar, CalendarDay } from './calendar.ts';
import { dayOf, ROLL_OUT, rollOutPath } from './query.ts';

const PATH = `${ROLL_OUT}/calendar`;
/** More names would make a day higher than a screen. The rest is one link. */
const NAMES_MOST = 3;

/** A month: which partners fall due on each day, how many of their people are missing, and which reminders go out. */
export function calendarPage(view: View, calendar: Calendar): Html {
  const { t, locale } = view;
  const { start, end, previous, days, partners, missing } = calendar;
  const month = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  const to = (at: number) => linkButton(`${PATH}?month=${dayOf(at).slice(0, 7)}`, month.format(at * 1000));
  return consolePage(view, {
    title: t('calendar.heading', { month: month.format(start * 1000) }),
    part: 'rollout',
    above: { href: ROLL_OUT, label: t('console.rollout') },
    isOpen: true,
    body: html`<p class="lead">${t('calendar.lead', { partners, people: missing })}</p>
<nav class="actions" aria-label="${t('calendar.months')}">${to(previous)}${to(end)}</nav>
<ol class="month">${days.map((day) => dayCell(view, day))}</ol>
<p class="quiet">${t('calendar.hint')}</p>`,
  });
}

function dayCell(view: View, { day, isInMonth, due, missing, reminders }: CalendarDay): Html {
  const { t, locale } = view;
  const isToday = dayOf(day) === dayOf(view.now);
  const isBare = due.length === 0 && reminders.length === 0;
  const marks = attributes({
    class: [!isInMonth && 'outside', isBare && 'bare', isToday && 'today'].filter((one) => one).join(' ') || undefined,
    'aria-current': isToday ? 'date' : undefined,
  });
  const long = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
  return html`<li${marks}><h2><time datetime="${dayOf(day)}">${long.format(day * 1000)}</time></h2>
${due.length > 0 && dueOf(view, { day, due, missing })}
${reminders.length > 0 && html`<p class="sent">${t('calendar.reminders')}</p><ul class="sent">${reminders.map(({ daysBefore, people }) => html`<li>${t('calendar.reminder', { days: daysBefore, people })}</li>`)}</ul>`}</li>`;
}

function dueOf(view: View, { day, due, missing }: Pick<CalendarDay, 'day' | 'due' | 'missing'>): Content {
  const { t, locale } = view;
  const number = wholeNumbers(locale);
  const more = due.length - NAMES_MOST;
  const list = rollOutPath({ view: 'due', from: dayOf(day), until: dayOf(day) });
  return html`<p class="due"><a href="${list}#list">${t('calendar.due', { partners: due.length })}</a>, ${t('calendar.missing', { people: missing })}</p>
<ul class="names">${due.slice(0, NAMES_MOST).map((one) => html`<li><a href="/console/partners/${one.id}">${one.name}</a> ${number.format(one.missing)}</li>`)}
${more > 0 && html`<li><a href="${list}#list">${t('calendar.more', { partners: more })}</a></li>`}</ul>`;
}
