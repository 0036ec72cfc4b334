import { backLink } from '#features/security/pages.ts';
import { endPlaceForm, nameOfPlace } from '#features/security/sessions-page.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { dateElement, state, table, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { TrustedPlace } from './list.ts';

type TrustedPage = {
  readonly devices: readonly TrustedPlace[];
  /** Whether the partner lets this person trust another one. */
  readonly mayTrust: boolean;
};

export function trustedPage(view: View, { devices, mayTrust }: TrustedPage): Html {
  const { t } = view;
  const none = html`<p>${t(mayTrust ? 'trustedDevices.none' : 'trustedDevices.notAllowed')}</p>`;
  return layout(view, {
    title: t('trustedDevices.title'),
    width: 'wide',
    body: html`<p class="lead">${t('trustedDevices.lead')}</p>
${devices.length === 0 ? none : deviceTable(view, devices)}
${backLink(view)}`,
  });
}

function deviceTable(view: View, devices: readonly TrustedPlace[]): Html {
  const { t, locale } = view;
  return html`${table({
    caption: t('trustedDevices.caption'),
    columns: [t('sessions.device'), t('trustedDevices.lastUsed'), t('trustedDevices.until'), ''],
    rows: devices.map((device) => [
      deviceCell(view, device),
      timeElement(device.lastUsedAt, locale),
      dateElement(device.expiresAt, locale),
      endForm(view, device),
    ]),
  })}
${devices.length > 1 ? endAllPart(view, devices.length) : html`<p>${t('trustedDevices.what')}</p>`}`;
}

function endAllPart(view: View, count: number): Html {
  const { t } = view;
  const title = t('trustedDevices.endAll', { count });
  return html`<section class="apart"><h2>${title}</h2><p>${t('trustedDevices.what')}</p>
${form(view, '/security/trusted-devices/end-all', actions(submitButton(title, 'danger'), linkButton('/security', t('button.cancel'))))}</section>`;
}

function deviceCell(view: View, device: TrustedPlace): Html {
  const { t, locale } = view;
  return html`<div><span class="whole">${nameOfPlace(view, device)}</span>${device.isThis && html`<br>${state(t('trustedDevices.this'), true)}`}
<br><span class="hint">${t('trustedDevices.since')} ${dateElement(device.createdAt, locale)}</span></div>`;
}

function endForm(view: View, device: TrustedPlace): Html {
  const label = view.t('trustedDevices.endOne', { device: nameOfPlace(view, device) });
  return endPlaceForm(view, '/security/trusted-devices/end', device, { text: view.t('trustedDevices.end'), label });
}
