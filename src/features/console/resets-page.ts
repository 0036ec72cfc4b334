import { linkButton } from '#http/parts/actions.ts';
import { grid } from '#http/parts/grid.ts';
import { type Html, html } from '#http/parts/html.ts';
import { timeElement } from '#http/parts/text.ts';
import type { View } from '#http/view.ts';
import { consolePage, type Done } from './frame-page.ts';
import type { WaitingReset } from './resets.ts';

/** Resets that wait for a second member of staff; whoever asked can only take theirs back. */
export function resetsPage(view: View, list: readonly WaitingReset[], ownId: string, done?: Done): Html {
  const { t, locale } = view;
  return consolePage(view, {
    title: t('console.resets'),
    part: 'resets',
    done,
    body: grid({
      caption: t('console.resets'),
      columns: [
        { label: t('people.name') },
        { label: t('act.reason') },
        { label: t('reset.checkedBy') },
        { label: t('reset.requester') },
        { label: t('trail.at') },
        { label: '' },
      ],
      rows: list.map((one) => [
        html`<a href="/console/people/${one.user_id}">${one.name}</a><br><span class="hint anywhere">${one.email}</span>`,
        one.reason,
        html`${t(`reset.check.${one.checked_by}`)}<br><span class="hint">${one.check_note}</span>`,
        one.requester,
        timeElement(one.requested_at, locale),
        html`<div class="do">${one.requested_by !== ownId && linkButton(`/console/resets/${one.id}/approve`, t('resets.approve'), 'primary')}
${linkButton(`/console/resets/${one.id}/decline`, t(one.requested_by === ownId ? 'resets.takeBack' : 'resets.decline'))}</div>`,
      ]),
      empty: html`<p>${t('resets.none')}</p>`,
    }),
  });
}
