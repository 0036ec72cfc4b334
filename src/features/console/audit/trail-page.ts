import type { TrailEvent } from '#features/console/lists.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { isAction } from './search.ts';

/** The last events of a partner or a person, and the link to all of them. */
export function trailGrid(view: View, trail: readonly TrailEvent[], all: string): Html {
  const { t, locale } = view;
  return html`${grid({
    caption: t('partner.trail'),
    columns: [t('trail.at'), t('trail.action'), t('trail.actor'), t('trail.subject')].map((label) => ({ label })),
    rows: trail.map((event) => [
      timeElement(event.at, locale),
      actionCell(view, event),
      whoCell(event.actor),
      whoCell(event.subject),
    ]),
    empty: html`<p>${t('trail.none')}</p>`,
  })}
${trail.length > 0 && html`<p class="quiet"><a href="${all}">${t('audit.all')}</a></p>`}`;
}

/** An action in words, or its code if this version does not know it. */
export function actionWords(t: View['t'], action: string): string {
  return isAction(action) ? t(`action.${action}`) : action;
}

/** What happened, with its code and reason. The words say when it was a refusal. */
export function actionCell({ t }: View, event: TrailEvent): Html {
  const { action, reason, repeated } = event;
  return html`${actionWords(t, action)}
<br><span class="hint"><code>${breakable(action)}</code>${reason !== undefined && html` ${reason}`}${repeated !== undefined && html` · ${t('trail.repeated', { count: repeated })}`}</span>`;
}

/** The code can break between its words in a narrow column. */
function breakable(code: string): Content {
  return code.split(/(?<=[._])/).map((part, index) => html`${index > 0 && html`<wbr>`}${part}`);
}

/** A name. A deleted person shows as an id, an actor that is no person as its code. */
export function whoCell(name: string | undefined): Content {
  return name === undefined ? '–' : html`<span class="anywhere">${name}</span>`;
}
