import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { table, timeElement } from '#ui/parts/text.ts';
import { refusalText } from '#ui/refusal-text.ts';
import { setUpPage } from '#ui/set-up-page.ts';
import type { View } from '#ui/view.ts';
import { frozenNotice } from './pages.ts';

const LIST = '/security/authenticators';
const ADD = '/security/authenticators/add';

/** An app as the pages show it. */
type ShownApp = {
  readonly id: string;
  readonly name: string | undefined;
  readonly slot: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
};

type AppsPage = {
  readonly apps: readonly ShownApp[];
  readonly canAdd: boolean;
  /** Until then nothing can be changed, after a password reset by mail link. */
  readonly frozenUntil: number | undefined;
};

/** Every authenticator of the person, when it was used last, and the way to change it. */
export function appsPage(view: View, { apps, canAdd, frozenUntil }: AppsPage): Html {
  const { t, locale } = view;
  return layout(view, {
    title: t('authenticators.title'),
    width: 'wide',
    body: html`<p class="lead">${t('authenticators.lead')}</p>
${frozenUntil !== undefined && frozenNotice(view, frozenUntil)}
${table({
  caption: t('authenticators.caption'),
  columns: [t('authenticators.name'), t('authenticators.added'), t('authenticators.lastUsed'), ''],
  rows: apps.map((app) => [
    nameCell(view, app),
    timeElement(app.createdAt, locale),
    app.lastUsedAt === undefined ? t('authenticators.never') : timeElement(app.lastUsedAt, locale),
    frozenUntil === undefined && changeLink(view, app),
  ]),
})}
${frozenUntil === undefined && (canAdd ? actions(linkButton(ADD, t('authenticators.add'))) : html`<p class="quiet">${t('authenticators.most')}</p>`)}
<p class="quiet"><a href="/security">${t('security.back')}</a></p>`,
  });
}

/** The person's own name for it, or the kind, with a number where that alone would not be clear. */
function nameOf({ t }: View, { name, slot }: Pick<ShownApp, 'name' | 'slot'>): string {
  if (name !== undefined) return name;
  return slot === 1 ? t('authenticators.app') : t('authenticators.app.number', { number: slot });
}

/** The name, and below it the kind where the name is the person's own. */
function nameCell(view: View, app: ShownApp): Html {
  const kind = app.name !== undefined && html`<br><span class="hint">${view.t('authenticators.app')}</span>`;
  return html`<div><span class="anywhere">${nameOf(view, app)}</span>${kind}</div>`;
}

function changeLink(view: View, app: ShownApp): Html {
  const label = view.t('authenticators.change.label', { name: nameOf(view, app) });
  return html`<a class="button quiet" href="${LIST}/${app.id}" aria-label="${label}">${view.t('authenticators.change')}</a>`;
}

type AppPage = {
  readonly app: ShownApp;
  readonly isLast: boolean;
  readonly canTurnOff: boolean;
  readonly partnerName: string | undefined;
  /** What was typed, shown again after a refusal or a late proof. */
  readonly typed?: string | undefined;
  readonly refusal?: Refusal | undefined;
};

/** One authenticator: its name, and the way to remove it. */
export function appPage(view: View, page: AppPage): Html {
  const { t } = view;
  const { app, refusal } = page;
  const isName = refusal?.reason === 'authenticator_name';
  const summary = refusal && (isName ? nameRefusal(view) : refusalText(view, refusal, 'setUp'));
  return layout(view, {
    title: nameOf(view, app),
    width: 'form',
    refusal: summary && { ...summary, fieldId: isName ? 'name' : undefined },
    body: html`${form(
      view,
      `${LIST}/${app.id}`,
      html`${nameField(view, { label: t('authenticators.name'), value: page.typed ?? nameOf(view, app), error: isName ? summary?.title : undefined })}
${submitButton(t('authenticators.save'))}`,
    )}
<section class="apart"><h2>${t('authenticators.remove')}</h2>${removePart(view, page)}</section>
${page.isLast && html`<p><a href="/security/authenticator">${t('authenticators.replace')}</a></p>`}
<p class="quiet"><a href="${LIST}">${t('authenticators.back')}</a></p>`,
  });
}

function removePart(view: View, { app, isLast, canTurnOff, partnerName }: AppPage): Content {
  const { t } = view;
  if (isLast && !canTurnOff)
    return html`<p class="quiet">${t('turnOff.required', { partner: partnerName ?? view.config.productName })}</p>`;
  return html`<p>${t(isLast ? 'turnOff.text' : 'authenticators.remove.text')}</p>
${form(view, `${LIST}/${app.id}/remove`, submitButton(t('authenticators.remove'), 'danger'))}`;
}

function nameRefusal({ t }: View) {
  return { title: t('authenticators.name.refused'), text: t('authenticators.name.refused.text') };
}

/** Before another app is connected. @param typed shown again after a refusal or a late proof */
export function addAppPage(view: View, typed: string, isRefused = false): Html {
  const { t } = view;
  const summary = isRefused ? nameRefusal(view) : undefined;
  const label = t('authenticators.name.optional');
  return layout(view, {
    title: t('authenticators.add'),
    width: 'form',
    refusal: summary && { ...summary, fieldId: 'name' },
    body: html`<p class="lead">${t('authenticators.add.lead')}</p>
<p>${t('replace.codesStay')}</p>
${form(
  view,
  `${ADD}/start`,
  html`${nameField(view, { label, value: typed, error: summary?.title, required: false })}
${submitButton(t('enroll.getStarted'))}`,
)}
<p class="quiet"><a href="${LIST}">${t('authenticators.back')}</a></p>`,
  });
}

type NameField = { label: string; value: string; error: string | undefined; required?: boolean };

function nameField({ t }: View, field: NameField): Html {
  return textField({ id: 'name', name: 'name', hint: t('authenticators.name.hint'), autocomplete: 'off', ...field });
}

type Connecting = { secret: Uint8Array; email: string; refusal?: Refusal };

/** The same set-up page as for the first app. */
export function connectingAppPage(view: View, { secret, email, refusal }: Connecting): Html {
  const { t } = view;
  return setUpPage(view, {
    secret,
    email,
    refusal,
    action: ADD,
    lead: t('setUp.furtherLead'),
    more: form(view, '/security/authenticator/cancel', submitButton(t('authenticators.add.cancel'), 'quiet')),
  });
}
