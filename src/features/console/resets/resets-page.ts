import { consolePage, type Done } from '#features/console/frame-page.ts';
import { linkButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { WaitingReset } from './resets.ts';

/** Resets that wait for a second member of staff. The requester can only withdraw theirs. */
export function resetsPage(view: View, list: readonly WaitingReset[], done?: Done): Html {
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
        { label: t('resets.checkedBy') },
        { label: t('resets.requester') },
        { label: t('trail.at') },
        { label: '' },
      ],
      rows: list.map((one) => [
        html`<a href="/console/people/${one.user_id}">${one.name}</a><br><span class="hint anywhere">${one.email}</span>`,
        one.reason,
        html`${t(`resets.check.${one.checked_by}`)}<br><span class="hint">${one.check_note}</span>`,
        html`${one.asker_name}${one.key_name !== null && html`<br><span class="hint">${t('resets.byKey', { key: one.key_name })}</span>`}`,
        html`${timeElement(one.requested_at, locale)}<br><span class="hint">${t('resets.until')} ${timeElement(one.expiresAt, locale)}</span>`,
        html`<div class="do">${approval(view, one)}
${linkButton(`/console/resets/${one.id}/decline`, t(one.isOwn ? 'resets.takeBack' : 'resets.decline'))}</div>`,
      ]),
      empty: html`<p>${t('resets.none')}</p>`,
    }),
  });
}

/** The approve button, or why this reader cannot approve. */
function approval({ t }: View, { id, isOwn, mayApprove }: WaitingReset): Content {
  if (mayApprove) return linkButton(`/console/resets/${id}/approve`, t('resets.approve'), 'primary');
  return isOwn ? undefined : html`<span class="hint">${t('resets.notYours')}</span>`;
}
