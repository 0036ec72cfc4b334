import { consolePage, type Done, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { dataList } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { ShownSetting } from './read.ts';
import { SETTINGS, shownValue, valueCell } from './words-page.ts';

type SettingsPage = {
  readonly settings: readonly ShownSetting[];
  readonly testsPerHour: number;
  readonly done?: Done | undefined;
  readonly refusal?: Refused | undefined;
};

/** Every setting that administrators may change, its value and where that comes from; and the test mail. */
export function settingsPage(view: View, { settings, testsPerHour, done, refusal }: SettingsPage): Html {
  const { t } = view;
  const rowsOf = (isRule: boolean) =>
    settings.filter((setting) => setting.isRule === isRule).map((setting) => rowOf(view, setting));
  return consolePage(view, {
    title: t('settings.title'),
    part: 'settings',
    done,
    refusal,
    assets: ['look.css'],
    body: html`<p class="lead">${t('settings.lead')}</p>
<section><h2>${t('settings.look')}</h2>${dataList(rowsOf(false))}</section>
<section class="apart"><h2>${t('settings.resets')}</h2>${dataList(rowsOf(true))}</section>
<section class="apart"><h2>${t('settings.mail')}</h2>${mailRows(view, testsPerHour)}</section>`,
  });
}

function rowOf(view: View, setting: ShownSetting) {
  const { key, name, source } = setting;
  return {
    label: view.t(`settings.${key}`),
    value: valueCell(view, setting, shownValue(view, setting)),
    ...(source !== 'environment' && { action: linkButton(`${SETTINGS}/${name}`, view.t(`settings.${key}.title`)) }),
  };
}

/** The mail server is a secret of the environment: the page shows its host, and never user or password. */
function mailRows(view: View, count: number): Html {
  const { t, config, signedIn } = view;
  const { smtp, mailFrom } = config;
  const source = (variable: string) =>
    html`<br><span class="hint">${t(smtp ? 'settings.mail.source' : 'settings.mail.unset', { variable })}</span>`;
  const sender = mailFrom === undefined ? undefined : `${mailFrom.name} <${mailFrom.address}>`.trim();
  return dataList([
    {
      label: t('settings.mail.server'),
      value: html`<span class="anywhere">${smtp ? `${smtp.host}:${smtp.port}` : t('settings.mail.none')}</span>${source('SALLYPORT_SMTP_URL')}`,
    },
    ...(sender === undefined
      ? []
      : [
          {
            label: t('settings.mail.from'),
            value: html`<span class="anywhere">${sender}</span>${source('SALLYPORT_MAIL_FROM')}`,
          },
        ]),
    {
      label: t('settings.test'),
      value: html`<span class="anywhere">${t('settings.test.goes', { email: signedIn?.email ?? '', count })}</span>`,
      action: form(view, `${SETTINGS}/test-mail`, submitButton(t('settings.test.button'), 'quiet')),
    },
  ]);
}
