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
  return html`<section id="devices"><h2>${t('person.devices.title')}</h2>
${grid({
  caption: t('person.devices.caption', { name: person.name }),
  isShort: true,
  columns: columnsOf(view),
  rows: list.map((device) => cellsOf(view, person, device)),
  empty: html`<p>${t('person.devices.none')}</p>`,
})}
${known + trusted > list.length && html`<p class="quiet">${t('person.devices.more', { shown: list.length, count: known + trusted })}</p>`}
${list.length > 0 && html`<p class="hint">${t('person.devices.what')}</p>`}</section>`;
}

function columnsOf({ t }: View): readonly Column[] {
  return [
    { label: t('sessions.device'), phone: 'head' },
    { label: t('person.devices.kind'), phone: 'said' },
    { label: t('person.devices.first'), phone: 'none' },
    { label: t('person.devices.last'), phone: 'said' },
    { label: '', phone: 'side' },
  ];
}

function cellsOf(view: View, { id, name }: Whose, device: Device): readonly Content[] {
  const { t, locale } = view;
  const { trustedUntil, createdAt, lastUsedAt } = device;
  const label = t('act.device.button', { device: nameOfDevice(view, device), name });
  return [
    nameOfDevice(view, device),
    trustedUntil === undefined
      ? t('person.devices.known')
      : html`${t('person.devices.trusted')} ${dateElement(trustedUntil, locale)}`,
    dateElement(createdAt, locale),
    lastUsedAt === undefined ? '–' : timeElement(lastUsedAt, locale),
    html`<a href="/console/people/${id}/devices/${device.id}" aria-label="${label}">${t('trustedDevices.end')}</a>`,
  ];
}

/** Browser and system in common words. */
export function nameOfDevice({ t }: View, { userAgent }: Pick<Device, 'userAgent'>): string {
  if (userAgent === undefined) return t('person.devices.unnamed');
  const name = deviceName(userAgent);
  return name ? t('sessions.on', name) : t('sessions.program');
}
