import type { TrailEvent } from '#features/console/lists.ts';
import { type Column, grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { isAction } from './search.ts';

/** The last events of a partner or a person, and the link to all of them. */
export function trailGrid(view: View, trail: readonly TrailEvent[], all: string): Html {
  const { t, locale } = view;
  return html`${grid({
    caption: t('partner.trail'),
    isShort: true,
    columns: trailColumns(view),
    rows: trail.map((event) => [
      timeElement(event.at, locale),
      actionCell(view, event),
      actorCell(view, event),
      subjectCell(event),
    ]),
    empty: html`<p>${t('trail.none')}</p>`,
  })}
${trail.length > 0 && html`<p class="quiet"><a href="${all}">${t('audit.all')}</a></p>`}`;
}

/** When, what, who and to whom. */
export function trailColumns({ t }: View): readonly Column[] {
  return [
    { label: t('trail.at'), phone: 'end' },
    { label: t('trail.action'), phone: 'head' },
    { label: t('trail.actor'), phone: 'said' },
    { label: t('trail.subject'), phone: 'said' },
  ];
}

/** An action in words, or its code if this version does not know it. */
export function actionWords(t: View['t'], action: string): string {
  return isAction(action) ? t(`audit.action.${action}`) : action;
}

/** What happened, with its code and reason. The words say when it was a refusal. */
export function actionCell({ t }: View, event: TrailEvent): Html {
  const { action, reason, repeated, checkedBy, checkNote, setting } = event;
  const facts = [
    setting && settingCell(t, setting),
    reason,
    checkedBy !== undefined &&
      `${t('audit.checked', { how: checkedWords(t, checkedBy) })}${checkNote === undefined ? '' : `, ${checkNote}`}`,
    repeated !== undefined && t('trail.repeated', { count: repeated }),
  ].filter((one) => one !== undefined && one !== false);
  return html`<span>${actionWords(t, action)}</span>
<br><span class="hint"><code>${breakable(action)}</code>${facts.length > 0 && html` <span>${facts.map((one, index) => html`${index > 0 && ' · '}${one}`)}</span>`}</span>`;
}

type Whom = Pick<TrailEvent, 'subject' | 'isOwn' | 'actor'>;

/** To whom, with the partner if it is given. A phone leaves out nobody, and the name where it is also the actor's. */
export function subjectCell({ subject, isOwn, actor }: Whom, partner?: string): Html {
  return html`<span${(isOwn || subject === undefined) && html` class="own"`}>${whoCell(subject)}</span>${partner !== undefined && html`<br><span class="hint">${partner}</span>`}${actor === undefined && ALONE}`;
}

/** On a phone the one name of a row needs no label. */
const ALONE = html`<span class="own"></span>`;

/** Which setting of the service became what. */
function settingCell(t: View['t'], { name, from, to }: NonNullable<TrailEvent['setting']>): Html {
  const word = (text: string | undefined) => text ?? t('settings.source.default');
  return html`<span class="anywhere">${name}: ${word(from)} → ${word(to)}</span>`;
}

/** How identity was checked, in words; a way that this version does not know as its code. */
function checkedWords(t: View['t'], code: string): string {
  const known = CHECKS.find((one) => one === code);
  return known === undefined ? code : t(`resets.check.${known}`);
}

const CHECKS = ['callback', 'video', 'in_person', 'manager', 'other'] as const;

/** The code can break between its words in a narrow column. */
function breakable(code: string): Content {
  return code.split(/(?<=[._])/).map((part, index) => html`${index > 0 && html`<wbr>`}${part}`);
}

/** Who did it: a name, or in words what is no person. */
export function actorCell({ t }: View, { actor }: Pick<TrailEvent, 'actor'>): Content {
  if (actor === 'system') return whoCell(t('audit.bySystem'));
  return whoCell(actor === 'command_line' ? t('audit.byCommand') : actor);
}

/** A name. A deleted person shows as an id. A phone says nothing of nobody. */
function whoCell(name: string | undefined): Content {
  return name === undefined ? html`<span class="own">–</span>` : html`<span class="anywhere">${name}</span>`;
}
