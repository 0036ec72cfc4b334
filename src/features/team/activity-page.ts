import { grid, pager } from '#ui/parts/grid.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { Activity } from './activity.ts';
import { teamPart } from './frame-page.ts';

const PATH = '/team/activity';

/** What managers did, and what changed about the MFA of their people. No addresses, browsers or reasons. */
export function activityPage(view: View, { rows, next, isFirst }: Activity): Html {
  const { t, locale } = view;
  const who = (actor: Activity['rows'][number]['actor']) =>
    typeof actor === 'object' ? actor.name : actor === undefined ? '–' : t(`team.activity.${actor}`);
  return teamPart(view, {
    title: t('team.activity'),
    body: html`<p class="lead">${t('team.activity.lead')}</p>
${grid({
  caption: t('team.activity'),
  isShort: true,
  columns: [
    { label: t('trail.at'), phone: 'end' },
    { label: t('trail.action'), phone: 'head' },
    { label: t('trail.actor'), phone: 'said' },
    { label: t('trail.subject'), phone: 'said' },
  ],
  rows: rows.map(({ at, action, actor, subject }) => [
    timeElement(at, locale),
    t(`audit.action.${action}`),
    who(actor),
    subject ?? '–',
  ]),
  empty: html`<p>${t(isFirst && next === undefined ? 'trail.none' : 'team.activity.none')}</p>`,
})}
${pager(t, { first: isFirst ? undefined : PATH, next: next && `${PATH}?before=${encodeURIComponent(next)}` })}`,
  });
}
