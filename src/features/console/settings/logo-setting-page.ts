import { errorAt, type Refused } from '#features/console/frame-page.ts';
import { logoField, logoUpload } from '#features/console/logo-page.ts';
import { actions, linkButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { notice } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { ShownSetting } from './read.ts';
import { seenField, settingFrame } from './setting-page.ts';
import { SETTINGS, shownValue, sourceWords, valueBlock } from './words-page.ts';

/** The logo of the service for one scheme: the picture, who set it, and the upload. Read-only where the environment gives it. */
export function logoSettingPage(view: View, setting: ShownSetting, refusal?: Refused): Html {
  const { t } = view;
  const { name, source } = setting;
  const path = `${SETTINGS}/${name}`;
  const isFixed = source === 'environment';
  const back = linkButton(SETTINGS, t('button.cancel'));
  const error = errorAt(refusal, 'file');
  const upload = { action: `${path}/logo`, id: 'file', carried: seenField(setting), error, back };
  return settingFrame(view, {
    setting,
    refusal,
    assets: ['look.css'],
    body: html`${
      isFixed
        ? html`${notice(sourceWords(view, setting), 'info')}${shownValue(view, setting)}${logoField(view, { id: 'file', disabled: true })}${actions(back)}`
        : html`${valueBlock(view, setting)}<p class="quiet">${t('look.logo.hint')}</p>${logoUpload(view, upload)}`
    }`,
  });
}
