import type { TrailEvent } from '#features/console/lists.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { isAction } from './search.ts';

/** What happened last to a partner or a person, and the way to all of it. */
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

/** An action in words; the code of one that this version does not know. */
export function actionWords(t: View['t'], action: string): string {
  return isAction(action) ? t(`action.${action}`) : action;
}

/** What happened, in words that say of a refusal that it was one; its code, and why. */
export function actionCell({ t }: View, event: TrailEvent): Html {
  const { action, reason, repeated } = event;
  return html`${actionWords(t, action)}
<br><span class="hint"><code>${breakable(action)}</code>${reason !== undefined && html` ${reason}`}${repeated !== undefined && html` · ${t('trail.repeated', { count: repeated })}`}</span>`;
}

/** A code that ends its line between words, where the column is narrower than it is. */
function breakable(code: string): Content {
  return code.split(/(?<=[._])/).map((part, index) => html`${index > 0 && html`<wbr>`}${part}`);
}

/** A name; a person who is gone is left as an id, and what is no person as its code. */
export function whoCell(name: string | undefined): Content {
  return name === undefined ? '–' : html`<span class="anywhere">${name}</span>`;
}
