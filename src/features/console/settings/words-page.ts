import { PATHS } from '#core/paths.ts';
import { logoOnGround } from '#features/console/logo-page.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { ChangedBy, ShownSetting } from './read.ts';

export const SETTINGS = PATHS.settings;

type Valued = Pick<ShownSetting, 'key'>;

/** A value in words. @param text as it is typed and stored */
export function valueWords({ t }: View, { key }: Valued, text: string | undefined): string {
  if (key === 'logoLight' || key === 'logoDark') {
    return t(text === undefined ? 'settings.logo.none' : 'settings.logo.own');
  }
  if (text === undefined) return t('settings.none');
  switch (key) {
    case 'resetSecondApprover':
      return t(text === 'on' ? 'settings.resetSecondApprover.on' : 'settings.resetSecondApprover.off');
    case 'resetsBy':
      return t(text === 'administrators' ? 'settings.resetsBy.administrators' : 'settings.resetsBy.staff');
    case 'accessCodeMinutes':
      return t('resets.minutes.value', { minutes: Number(text) });
    case 'accentHue':
      return t('settings.accentHue.value', { hue: text });
    case 'resetFreezeHours':
      return t('settings.resetFreezeHours.value', { hours: Number(text) });
    default:
      return text;
  }
}

/** The value in force as the page shows it: a logo as a picture, a colour with a sample. */
export function shownValue(view: View, setting: ShownSetting): Content {
  const { key, logo, source, value } = setting;
  const words = valueWords(view, setting, value);
  if (key === 'accentHue') return html`<span class="swatch" aria-hidden="true"></span>${words}`;
  if (logo === undefined || value === undefined) return words;
  const ofEnvironment = source === 'environment' ? view.brand.logo?.light : undefined;
  return logoOnGround(view, logo, ofEnvironment ?? `/logo/${value}`);
}

/** Where the value comes from: the environment, somebody here, or nobody. */
export function sourceWords(view: View, setting: ShownSetting): Html {
  const { t, locale } = view;
  const { source, variable, stored, change } = setting;
  if (source === 'environment') {
    const ignored = stored !== undefined;
    return html`${t('settings.source.environment', { variable })}${ignored && html`<br>${t('settings.ignored', { value: valueWords(view, setting, stored) })}`}`;
  }
  if (change === undefined) return html`${t('settings.source.default')}`;
  return html`${changeWords(view, source === 'stored', change.by)} ${timeElement(change.at, locale)}`;
}

function changeWords({ t }: View, isSet: boolean, by: ChangedBy): string {
  if (by === 'operator') return t(isSet ? 'settings.source.storedOperator' : 'settings.source.defaultOperator');
  const name = by === 'gone' ? t('settings.by.gone') : by.name;
  return t(isSet ? 'settings.source.stored' : 'settings.source.defaultAgain', { name });
}

/** A value, and below it where it comes from. */
export function valueCell(view: View, setting: ShownSetting, shown: Content): Html {
  const source = sourceWords(view, setting);
  if (isPicture(setting)) return html`${shown}<p class="hint">${source}</p>`;
  return html`<span class="anywhere">${shown}</span><br><span class="hint">${source}</span>`;
}

/** The value in force on a page of its own. */
export function valueBlock(view: View, setting: ShownSetting): Html {
  const cell = valueCell(view, setting, shownValue(view, setting));
  return isPicture(setting) ? cell : html`<p>${cell}</p>`;
}

/** A picture is a block of its own. */
function isPicture({ logo, value }: ShownSetting): boolean {
  return logo !== undefined && value !== undefined;
}
