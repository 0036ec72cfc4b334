import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { quotedMail, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { type Done, teamPart } from './frame-page.ts';
import { REMINDED_AT_ONCE, type Reminding } from './remind-all.ts';

/** Whom "remind everyone" reaches, the mail they get, and the button. */
export function remindAllPage(view: View, reminding: Reminding, done: Done | undefined): Html {
  const { t } = view;
  const { people, due, mail } = reminding;
  const count = Math.min(due, REMINDED_AT_ONCE);
  const button = t('team.remindAll.send', { count });
  return teamPart(view, {
    title: count === 0 ? t('reminders.nobody.title') : button,
    done,
    body: html`<p class="lead">${count > 0 ? t('team.remindAll.lead') : t('team.remindAll.nobody', { people })}</p>
${due > count && html`<p>${t('team.remindAll.most', { most: REMINDED_AT_ONCE, rest: due - count })}</p>`}
${count > 0 && people > due && html`<p>${t('team.remindAll.paused', { count: people - due })}</p>`}
${count > 0 && form(view, '/team/remind', html`<div class="actions">${submitButton(button)}${linkButton('/team', t('button.cancel'))}</div>`)}
${count > 0 && quotedMail(t('reminders.mail'), mail)}
${people > 0 && listPart(view, reminding)}`,
  });
}

function listPart(view: View, { listed, people }: Reminding): Html {
  const { t, locale } = view;
  return html`<section><h2>${t('people.filter.missing')}</h2>${grid({
    caption: t('people.filter.missing'),
    isShort: true,
    columns: [
      { label: t('people.name'), phone: 'head' },
      { label: t('team.lastReminded'), phone: 'said' },
    ],
    rows: listed.map(({ id, name, email, remindedAt }) => [
      html`<a href="/team/people/${id}">${name}</a><br><span class="hint anywhere">${email}</span>`,
      remindedAt === undefined ? t('people.never') : timeElement(remindedAt, locale),
    ]),
    empty: '',
  })}${people > listed.length && html`<p class="quiet">${t('team.remindAll.more', { count: people - listed.length })}</p>`}</section>`;
}
