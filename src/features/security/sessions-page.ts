import { deviceName } from '#core/sessions/device-name.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { state, table, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { backLink } from './pages.ts';
import type { Place } from './sessions.ts';

export function sessionsPage(view: View, places: readonly Place[]): Html {
  const { t, locale } = view;
  const others = places.filter(({ isThis }) => !isThis).length;
  return layout(view, {
    title: t('sessions.title'),
    width: 'wide',
    body: html`${table({
      caption: t('sessions.caption'),
      columns: [t('sessions.device'), t('sessions.address'), t('sessions.lastSeen'), ''],
      rows: places.map((place) => [
        html`<div><span class="whole">${nameOfPlace(view, place)}</span>${place.isThis && html`<br>${state(t('sessions.this'), true)}`}</div>`,
        html`<span class="anywhere">${place.address ?? t('sessions.unknown')}</span>`,
        timeElement(place.lastSeenAt, locale),
        !place.isThis && endForm(view, place),
      ]),
    })}
${others > 0 && endOthersPart(view, others)}
${backLink(view)}`,
  });
}

function endOthersPart(view: View, count: number): Html {
  const { t } = view;
  const title = t('sessions.endOthers', { count });
  return html`<section class="apart"><h2>${title}</h2><p>${t('sessions.endOthers.text', { count })}</p>
${form(view, '/security/sessions/end-others', actions(submitButton(title, 'danger'), linkButton('/security', t('button.cancel'))))}</section>`;
}

function endForm(view: View, place: Place): Html {
  const label = view.t('sessions.endOne', { device: nameOfPlace(view, place) });
  return endPlaceForm(view, '/security/sessions/end', place, { text: view.t('sessions.end'), label });
}

export function nameOfPlace({ t }: View, { userAgent }: Pick<Place, 'userAgent'>): string {
  const name = deviceName(userAgent);
  return name ? t('sessions.on', name) : t('sessions.program');
}

/** The button in the row of a place. Its label names the place, because the rows have the same text. */
export function endPlaceForm(
  view: View,
  action: string,
  { id }: Pick<Place, 'id'>,
  { text, label }: { readonly text: string; readonly label: string },
): Html {
  return form(
    view,
    action,
    html`<input type="hidden" name="id" value="${id}">
<button type="submit" class="button quiet" aria-label="${label}">${text}</button>`,
  );
}
