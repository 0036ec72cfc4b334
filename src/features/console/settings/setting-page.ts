import { confirmButtons, reasonField } from '#features/console/act-pages.ts';
import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { radios } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { notice } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { ShownSetting } from './read.ts';
import { SETTINGS, sourceWords, valueBlock, valueCell, valueWords } from './words-page.ts';

type SettingPage = {
  readonly setting: ShownSetting;
  /** As typed, else the value in force. */
  readonly value: string;
  /** Of a number. */
  readonly bounds: { readonly least: number; readonly most: number } | undefined;
  readonly reason: string;
  readonly refusal?: Refused | undefined;
};

/** One setting: its control, who set it, and the way back to its default. Read-only where the environment gives it. */
export function settingPage(view: View, page: SettingPage): Html {
  const { t } = view;
  const { setting, refusal } = page;
  const { name, source } = setting;
  const isFixed = source === 'environment';
  const fields = html`${seenField(setting)}${control(view, page)}
${!isFixed && setting.isRule && reasonField(view, page.reason, errorAt(refusal, 'reason'))}`;
  return settingFrame(view, {
    setting,
    refusal,
    body: html`${isFixed ? notice(sourceWords(view, setting), 'info') : html`<p>${t('settings.now')} ${valueCell(view, setting, valueWords(view, setting, setting.value))}</p>`}
${
  isFixed
    ? html`${control(view, page)}${actions(linkButton(SETTINGS, t('button.cancel')))}`
    : form(
        view,
        `${SETTINGS}/${name}`,
        html`${fields}<div class="actions">${submitButton(t('settings.save'))}${linkButton(SETTINGS, t('button.cancel'))}</div>`,
      )
}`,
  });
}

type SettingFrame = {
  readonly setting: ShownSetting;
  readonly refusal: Refused | undefined;
  readonly assets?: readonly string[];
  readonly body: Html;
};

/** What every page of one setting has: its title, what it is for, and the way back to its default. */
export function settingFrame(view: View, { setting, refusal, assets, body }: SettingFrame): Html {
  const { t } = view;
  const { key, name, source } = setting;
  return consolePage(view, {
    title: t(`settings.${key}.title`),
    part: 'settings',
    above: { href: SETTINGS, label: t('console.settings') },
    narrow: true,
    refusal,
    ...(assets && { assets }),
    body: html`<p class="lead">${t(`settings.${key}.lead`)}</p>
${body}
${source === 'stored' && actions(linkButton(`${SETTINGS}/${name}/default`, t('settings.default.button')))}`,
  });
}

/** The version that this page shows. */
export function seenField({ version }: Pick<ShownSetting, 'version'>): Html {
  return html`<input type="hidden" name="seen" value="${version}">`;
}

function control(view: View, { setting, value, bounds, refusal }: SettingPage): Content {
  const { t } = view;
  const { key } = setting;
  const isFixed = setting.source === 'environment';
  const error = errorAt(refusal, 'value');
  if (key === 'logoLight' || key === 'logoDark') return undefined;
  if (key === 'resetsBy' || key === 'resetSecondApprover') {
    return isFixed ? readOnly(view, setting) : radios({ ...choiceOf(view, key), name: 'value', value, error });
  }
  return textField({
    id: 'value',
    name: 'value',
    label: t(`settings.${key}.field`),
    hint: t(`settings.${key}.hint`),
    autocomplete: 'off',
    value,
    error,
    readonly: isFixed,
    required: key !== 'supportContact',
    ...(bounds && { type: 'number', inputmode: 'numeric', min: String(bounds.least), max: String(bounds.most) }),
  });
}

function readOnly(view: View, setting: ShownSetting): Html {
  const label = view.t(`settings.${setting.key}`);
  const value = valueWords(view, setting, setting.value);
  return textField({ id: 'value', name: 'value', label, autocomplete: 'off', value, readonly: true });
}

function choiceOf({ t }: View, key: 'resetsBy' | 'resetSecondApprover') {
  if (key === 'resetsBy') {
    const options = (['staff', 'administrators'] as const).map((value) => ({
      value,
      label: t(`settings.resetsBy.${value}`),
    }));
    return { legend: t('settings.resetsBy.field'), options };
  }
  const options = (['off', 'on'] as const).map((value) => ({
    value,
    label: t(`settings.resetSecondApprover.${value}`),
    hint: t(`settings.resetSecondApprover.${value}.hint`),
  }));
  return { legend: t('settings.resetSecondApprover.field'), options };
}

type DefaultPage = {
  readonly setting: ShownSetting;
  /** The default in words. */
  readonly becomes: string;
  readonly reason: string;
  readonly refusal?: Refused | undefined;
};

/** Back to the default, which is named before it is used. */
export function defaultPage(view: View, { setting, becomes, reason, refusal }: DefaultPage): Html {
  const { t } = view;
  const { key, name, isRule } = setting;
  const title = t('settings.default.title', { setting: t(`settings.${key}`) });
  return consolePage(view, {
    title,
    part: 'settings',
    above: { href: SETTINGS, label: t('console.settings') },
    narrow: true,
    refusal,
    assets: ['look.css'],
    body: html`${valueBlock(view, setting)}
<p class="lead">${t('settings.default.text', { value: becomes })}</p>
${form(
  view,
  `${SETTINGS}/${name}/default`,
  html`${seenField(setting)}${isRule && reasonField(view, reason, errorAt(refusal, 'reason'))}
${confirmButtons(view, { title, above: { href: SETTINGS, label: t('console.settings') } })}`,
)}`,
  });
}
