import { PATHS } from '#core/paths.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { ChangedBy, ShownSetting } from './read.ts';

export const SETTINGS = PATHS.settings;

type Valued = Pick<ShownSetting, 'key'>;

/** A value in words. @param text as it is typed and stored */
export function valueWords({ t }: View, { key }: Valued, text: string | undefined): string {
  if (text === undefined) return t('settings.none');
  switch (key) {
    case 'resetSecondApprover':
      return t(text === 'on' ? 'settings.resetSecondApprover.on' : 'settings.resetSecondApprover.off');
    case 'resetsBy':
      return t(text === 'administrators' ? 'settings.resetsBy.administrators' : 'settings.resetsBy.staff');
    case 'accessCodeMinutes':
      return t('reset.minutes.value', { minutes: Number(text) });
    case 'accentHue':
      return t('settings.accentHue.value', { hue: text });
    case 'resetFreezeHours':
      return t('settings.resetFreezeHours.value', { hours: Number(text) });
    default:
      return text;
  }
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
  return html`<span class="anywhere">${shown}</span><br><span class="hint">${sourceWords(view, setting)}</span>`;
}
