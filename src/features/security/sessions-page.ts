import { deviceName } from '#core/sessions/device-name.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { state, table, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { backLink } from './pages.ts';
import type { Place } from './sessions.ts';

export function sessionsPage(view: View, places: readonly Place[]): Html {
  const { t, locale } = view;
  const others = places.length > 1;
  return layout(view, {
    title: t('sessions.title'),
    width: 'wide',
    body: html`${table({
      caption: t('sessions.caption'),
      columns: [t('sessions.device'), t('sessions.address'), t('sessions.lastSeen'), ''],
      rows: places.map((place) => [
        html`<div><span class="whole">${nameOf(view, place)}</span>${place.isThis && html`<br>${state(t('sessions.this'), true)}`}</div>`,
        html`<span class="anywhere">${place.address ?? t('sessions.unknown')}</span>`,
        timeElement(place.lastSeenAt, locale),
        !place.isThis && endForm(view, place),
      ]),
    })}
${others && actions(form(view, '/security/sessions/end-others', submitButton(t('sessions.endOthers'), 'danger')))}
${backLink(view)}`,
  });
}

function nameOf({ t }: View, { userAgent }: Place): string {
  const name = deviceName(userAgent);
  return name ? t('sessions.on', name) : t('sessions.program');
}

function endForm(view: View, place: Place): Html {
  const label = view.t('sessions.endOne', { device: nameOf(view, place) });
  return form(
    view,
    '/security/sessions/end',
    html`<input type="hidden" name="id" value="${place.id}">
<button type="submit" class="button quiet" aria-label="${label}">${view.t('sessions.end')}</button>`,
  );
}
