import { deviceName } from '#core/sessions/device-name.ts';
import { type Column, grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dateElement, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { Device, Devices } from './devices.ts';

type Whose = { readonly id: string; readonly name: string };

/** The devices of a person, below what can be done and what happened. */
export function devicesSection(view: View, person: Whose, { list, known, trusted }: Devices): Html {
  const { t } = view;
  return html`<section id="devices"><h2>${t('devices.title')}</h2>
${grid({
  caption: t('devices.caption', { name: person.name }),
  isShort: true,
  columns: columnsOf(view),
  rows: list.map((device) => cellsOf(view, person, device)),
  empty: html`<p>${t('devices.none')}</p>`,
})}
${known + trusted > list.length && html`<p class="quiet">${t('devices.more', { shown: list.length, count: known + trusted })}</p>`}
${list.length > 0 && html`<p class="hint">${t('devices.what')}</p>`}</section>`;
}

function columnsOf({ t }: View): readonly Column[] {
  return [
    { label: t('sessions.device'), phone: 'head' },
    { label: t('devices.kind'), phone: 'said' },
    { label: t('devices.first'), phone: 'none' },
    { label: t('devices.last'), phone: 'said' },
    { label: '', phone: 'side' },
  ];
}

function cellsOf(view: View, { id, name }: Whose, device: Device): readonly Content[] {
  const { t, locale } = view;
  const { trustedUntil, createdAt, lastUsedAt } = device;
  const label = t('do.device', { device: nameOfDevice(view, device), name });
  return [
    nameOfDevice(view, device),
    trustedUntil === undefined
      ? t('devices.known')
      : html`${t('devices.trusted')} ${dateElement(trustedUntil, locale)}`,
    dateElement(createdAt, locale),
    lastUsedAt === undefined ? '–' : timeElement(lastUsedAt, locale),
    html`<a href="/console/people/${id}/devices/${device.id}" aria-label="${label}">${t('trusted.end')}</a>`,
  ];
}

/** Browser and system in common words. */
export function nameOfDevice({ t }: View, { userAgent }: Pick<Device, 'userAgent'>): string {
  if (userAgent === undefined) return t('devices.unnamed');
  const name = deviceName(userAgent);
  return name ? t('sessions.on', name) : t('sessions.program');
}
