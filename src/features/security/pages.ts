import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import { PATHS } from '#core/paths.ts';
import type { ToldDemand } from '#core/people/policy.ts';
import type { Notice } from '#core/sessions/notice.ts';
import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Fault, passwordField, summaryOfFaults, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { passkeySignal } from '#ui/parts/passkeys.ts';
import { beginElement, dataList, endElement, filledIn, notice as noticeBox, timeElement } from '#ui/parts/text.ts';
import { refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

type Listed = {
  readonly kind: AuthenticatorKind;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
};
export type Overview = {
  readonly email: string;
  /** What the policy asks of this person. */
  readonly demand: ToldDemand;
  /** The new email that waits for confirmation. */
  readonly waiting: { readonly email: string; readonly expiresAt: number } | undefined;
  /** Authenticator and codes are frozen until then, after a password reset by mail link. */
  readonly frozenUntil: number | undefined;
  readonly notice: Notice | undefined;
  readonly factors: { readonly all: readonly [Listed, ...Listed[]] } | undefined;
  readonly codesLeft: number;
  readonly sessions: number;
  readonly signal: Parameters<typeof passkeySignal>[0] | undefined;
  /** Absent if the password is older than its record. */
  readonly passwordSetAt: number | undefined;
  /** Absent: the partner allows none, and there is none. */
  readonly trusted: number | undefined;
};

export function overviewPage(view: View, page: Overview): Html {
  const { t } = view;
  const { notice, factors, codesLeft, sessions, frozenUntil } = page;
  return layout(view, {
    title: t('security.title'),
    width: 'wide',
    passkeys: page.signal !== undefined,
    body: html`<p class="lead">${t('security.lead')}</p>
${notice && noticeBox(noticeWords(view, notice))}
${frozenUntil !== undefined && frozenNotice(view, frozenUntil)}
${dataList([
  ...demandFacts(view, page),
  { label: authenticatorsLabel(view, page), value: appValue(view, page), action: appAction(view, page) },
  {
    label: t('security.codes'),
    value: factors ? t('security.codes.left', { left: codesLeft }) : t('security.codes.none'),
    action: factors && linkButton('/security/recovery-codes', t('security.codes.make')),
  },
  {
    label: t('security.password'),
    value: passwordValue(view, page.passwordSetAt),
    action: linkButton('/security/password', t('security.password.change')),
  },
  {
    label: t('field.email'),
    value: emailValue(view, page),
    action: linkButton('/security/email', t('security.email.title')),
  },
  {
    label: t('security.sessions'),
    value: t('security.sessions.count', { count: sessions }),
    action: linkButton('/security/sessions', t('security.sessions.show')),
  },
  ...trustedFacts(view, page),
])}${page.signal && passkeySignal(page.signal)}`,
  });
}

/** The first row of the security page. Absent where the policy asks for nothing. */
function demandFacts(view: View, { demand, factors }: Overview) {
  const value = demandText(view, demand, factors !== undefined);
  return value === undefined ? [] : [{ label: view.t('security.mfa'), value }];
}

function demandText(view: View, demand: ToldDemand, hasFactor: boolean): Content {
  const { t, locale } = view;
  switch (demand.kind) {
    case 'off':
      return undefined;
    case 'staff':
      return t('security.mfa.staff');
    case 'required':
    case 'optional':
      return t(`security.mfa.${demand.kind}`, { partner: demand.partner });
    case 'exempt':
      return filledIn(endElement(demand.until, locale), (date) => t('security.mfa.exempt', { date }));
    case 'from':
      return filledIn(beginElement(demand.at, locale), (date) =>
        t(hasFactor ? 'security.mfa.ready' : 'security.mfa.from', { date, partner: demand.partner }),
      );
  }
}

function passwordValue({ t, locale }: View, at: number | undefined): Content {
  if (at === undefined) return t('security.password.value');
  return filledIn(timeElement(at, locale), (date) => t('security.password.changed', { date }));
}

function trustedFacts({ t }: View, { trusted: count }: Overview) {
  if (count === undefined) return [];
  const action = linkButton(PATHS.trustedDevices, t('security.trusted.show'));
  return [{ label: t('security.trusted'), value: t('security.trusted.count', { count }), action }];
}

function authenticatorsLabel({ t }: View, { factors }: Overview): string {
  const isOneApp = factors === undefined || (factors.all.length === 1 && factors.all[0].kind === 'totp');
  return t(isOneApp ? 'security.authenticator' : 'security.authenticators');
}

function appValue({ t, locale }: View, { factors }: Overview): Content {
  if (!factors) return t('security.authenticator.none');
  if (factors.all.length > 1) return countsOf({ t }, factors.all);
  const { kind, createdAt, lastUsedAt } = factors.all[0];
  const one = kind === 'passkey' && html`${t('passkey.one')}: `;
  const added = html`${one}<span class="whole">${t('security.authenticator.added')} ${timeElement(createdAt, locale)}${lastUsedAt !== undefined && ','}</span>`;
  if (lastUsedAt === undefined) return added;
  return html`${added} <span class="whole">${t('security.authenticator.lastUsed')} ${timeElement(lastUsedAt, locale)}</span>`;
}

/** "2 authenticator apps, 1 passkey" */
function countsOf({ t }: Pick<View, 't'>, all: readonly Listed[]): string {
  const apps = all.filter(({ kind }) => kind === 'totp').length;
  const passkeys = all.length - apps;
  const parts = [
    apps > 0 && t('security.authenticator.count', { count: apps }),
    passkeys > 0 && t('passkey.count', { count: passkeys }),
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function appAction({ t }: View, { factors }: Overview): Html {
  const count = factors?.all.length ?? 0;
  if (count > 1 || factors?.all[0].kind === 'passkey')
    return linkButton('/security/authenticators', t('security.authenticator.manage'));
  if (count === 0) return linkButton('/security/authenticator', t('security.authenticator.setUp'));
  return actions(
    linkButton('/security/authenticator', t('security.authenticator.replace')),
    linkButton('/security/authenticators', t('security.authenticator.more')),
  );
}

function emailValue({ t, locale }: View, { email, waiting }: Overview): Content {
  const now = html`<span class="anywhere">${email}</span>`;
  if (!waiting) return now;
  return html`${now}<br><span class="hint"><span class="anywhere">${waiting.email}</span>: ${t('security.email.waits')} ${timeElement(waiting.expiresAt, locale)}</span>`;
}

/** Says until when the changes that could hand the sign-in to someone else are frozen. */
export function frozenNotice({ t, locale }: View, until: number): Html {
  const when = timeElement(until, locale);
  return noticeBox(html`${t('security.frozen')} ${when}. ${t('security.frozen.email')}`, 'info');
}

function noticeWords({ t }: View, notice: Notice): string {
  if (notice.kind === 'email_requested') return t('security.notice.email_requested');
  if ('ended' in notice) {
    return `${t(`security.notice.${notice.kind}`)} ${t('security.notice.ended', { ended: notice.ended })}`;
  }
  const { kind, left } = notice;
  return t(kind === 'recovery_code_used' ? 'signIn.notice.recovery' : 'signIn.notice.few', { left });
}

export function newCodesPage(view: View, left: number, refusal?: Refusal): Html {
  const { t } = view;
  return layout(view, {
    title: t('security.newCodes.title'),
    width: 'form',
    refusal: refusal && refusalText(view, refusal, 'setUp'),
    body: html`<p class="lead">${t('security.codes.left', { left })}.</p>
<p>${t('security.newCodes.lead')}</p>
${form(view, '/security/recovery-codes', actions(submitButton(t('security.newCodes.title')), linkButton('/security', t('button.cancel'))))}`,
  });
}

/** Why a form was refused that asks for the current password beside something new. */
export type ChangeRefusal<Field extends string> = {
  readonly field: Field;
  readonly refusal: Refusal;
  readonly noPassword?: boolean;
};

/** One fault for each field that is wrong. The current password may be missing beside what was refused. */
export function changeFaults(
  view: View,
  refused: ChangeRefusal<string> | undefined,
  told: Fault | undefined,
): readonly Fault[] {
  if (refused === undefined || told === undefined) return [];
  const needed = { title: view.t('signIn.passwordNeeded.title'), fieldId: 'current' };
  if (refused.refusal.reason === 'password') return [needed];
  return [{ ...told, fieldId: refused.field }, ...(refused.noPassword ? [needed] : [])];
}

/** The text beside a field. */
export function faultAt(faults: readonly Fault[], fieldId: string): string | undefined {
  return faults.find((fault) => fault.fieldId === fieldId)?.title;
}

type PasswordPage = {
  readonly email: string;
  readonly hint: string;
  readonly minimum: number;
  readonly refusal?: ChangeRefusal<'current' | 'new'>;
};

export function passwordPage(view: View, { email, hint, minimum, refusal }: PasswordPage): Html {
  const { t } = view;
  const faults = changeFaults(view, refusal, refusal && passwordRefusal(view, refusal)).toReversed();
  const field = (name: 'current' | 'new') => ({
    id: name,
    name,
    label: t(`security.changePassword.${name}`),
    error: faultAt(faults, name),
  });
  return layout(view, {
    title: t('security.changePassword.title'),
    width: 'form',
    refusal: summaryOfFaults(t, faults),
    body: html`<p class="lead">${t('security.changePassword.lead')}</p>
${form(
  view,
  '/security/password',
  html`${usernameField(view, email)}
${passwordField(view, { ...field('current'), autocomplete: 'current-password', autofocus: refusal === undefined })}
${passwordField(view, { ...field('new'), autocomplete: 'new-password', hint, minimum })}
${submitButton(t('security.changePassword.save'))}`,
)}
${backLink(view)}`,
  });
}

function passwordRefusal(view: View, { refusal }: NonNullable<PasswordPage['refusal']>) {
  if (refusal.refused !== 'invalid_credentials') return refusalText(view, refusal, 'password');
  return { title: view.t('stepUp.wrongPassword.title'), text: view.t('stepUp.wrongPassword.text') };
}

/** In a sign-in for a portal there is already a link back to the portal. */
export function backLink({ t, resume }: View): Content {
  if (resume !== undefined) return undefined;
  return html`<p class="quiet"><a href="/security">${t('security.back')}</a></p>`;
}
