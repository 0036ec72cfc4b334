import { PATHS } from '#core/paths.ts';
import {
  type Reason,
  type ReasonOf,
  type Refusal,
  type RefusalCode,
  type RefusalOf,
  unreachable,
} from '#core/values/result.ts';
import { type Content, html } from '#ui/parts/html.ts';
import { span, waiting } from '#ui/parts/text.ts';
import type { View } from './view.ts';

/** A refusal in words for the person: what is wrong, and what to do next. */
export type RefusalText = { readonly title: string; readonly text: Content };

/** The page that shows the refusal. Its words and its links depend on it. */
export type Place = 'password' | 'signIn' | 'setUp' | 'recovery' | 'passkey' | 'stepUp' | 'stepUpRecovery';

export function refusalText(view: View, refusal: Refusal, place: Place): RefusalText {
  const { t, brand } = view;
  switch (refusal.refused) {
    case 'code_incorrect':
      return {
        title: t(place === 'setUp' ? 'refusal.code.setUp' : 'refusal.code.signIn'),
        text: clockText(view, refusal) ?? t('refusal.code.text', { product: brand.issuer }),
      };
    case 'code_expired':
      return { title: t('refusal.expired.title'), text: clockText(view, refusal) ?? expiredText(view, refusal) };
    case 'code_already_used':
      return {
        title: t('refusal.used.title'),
        text: waiting(t, refusal.nextCodeInSeconds ?? 30, (wait) => t('refusal.used.text', { wait })),
      };
    case 'invalid_request':
      return shapeText(view, refusal, place);
    case 'too_many_attempts':
      return tooManyText(view, refusal, place);
    case 'authenticator_paused':
      return { title: t('refusal.paused.title'), text: withRecovery(view, pausedText(view, refusal), place) };
    case 'authenticator_disabled':
      return disabledText(view, refusal, place);
    case 'password_unacceptable':
      return newPasswordText(view, refusal);
    case 'temporarily_unavailable':
      return waitText(view, 'busy', refusal);
    default:
      return plainText(view, PLAIN[refusal.refused] ?? 'other');
  }
}

type Plain =
  | 'passkey'
  | 'challenge'
  | 'credentials'
  | 'recovery'
  | 'recoveryUsed'
  | 'accessCode'
  | 'accessCodeOver'
  | 'over'
  | 'other';

/** Refusals with the same words on every page. */
const PLAIN: Readonly<Partial<Record<RefusalCode, Plain>>> = {
  invalid_credentials: 'credentials',
  recovery_code_incorrect: 'recovery',
  recovery_code_already_used: 'recoveryUsed',
  access_code_incorrect: 'accessCode',
  access_code_expired: 'accessCodeOver',
  sign_in_expired: 'over',
  enrollment_expired: 'over',
  passkey_refused: 'passkey',
  challenge_expired: 'challenge',
};

/** The clock difference that two refused codes revealed, in whole minutes; half a minute counts as 0. */
function clockText({ t }: View, { clockOffsetSeconds }: Refusal): string | undefined {
  if (clockOffsetSeconds === undefined) return undefined;
  return t('refusal.code.clock', {
    minutes: Math.round((Math.abs(clockOffsetSeconds) - 1) / 60),
    direction: clockOffsetSeconds < 0 ? 'behind' : 'ahead',
  });
}

function expiredText({ t }: View, { ageSeconds = 0 }: Refusal): string {
  return ageSeconds === 0 ? t('refusal.expired.superseded') : t('refusal.expired.text', { age: span(t, ageSeconds) });
}

/** Whether all tries of this sign-in or set-up are used, so that its form is of no use. */
export function isOver({ refused, reason }: Refusal): boolean {
  return refused === 'too_many_attempts' && reason === 'sign_in_again';
}

type InPlace = (view: View, place: Place) => RefusalText;

/** A code of the other kind in this field, by its reason. */
const LOOKS_LIKE = {
  looks_like_recovery_code: looksLikeRecoveryCode,
  looks_like_one_time_code: looksLikeOneTimeCode,
} satisfies Readonly<Record<Extract<Reason, `looks_like_${string}`>, InPlace>>;

function shapeText(view: View, { reason }: RefusalOf<'invalid_request'>, place: Place): RefusalText {
  const { t } = view;
  const texts: Readonly<Partial<Record<Reason, InPlace>>> = LOOKS_LIKE;
  const looksLike = reason && texts[reason];
  if (looksLike) return looksLike(view, place);
  if (place === 'recovery' || place === 'stepUpRecovery')
    return { title: t('refusal.characters.title'), text: t('refusal.digits.text') };
  return { title: t('refusal.digits.title'), text: t('refusal.digits.text') };
}

function looksLikeRecoveryCode({ t, brand }: View, place: Place): RefusalText {
  const title = t('refusal.isRecovery.title');
  if (place === 'setUp') return { title, text: t('refusal.code.text', { product: brand.issuer }) };
  const href = place === 'stepUp' ? PATHS.stepUpRecoveryCode : PATHS.recoveryCode;
  const link = html`<a href="${href}">${t('signIn.useRecoveryCode')}</a>`;
  return { title, text: html`${t('refusal.isRecovery.text')} ${link}` };
}

function looksLikeOneTimeCode({ t }: View, place: Place): RefusalText {
  const href = place === 'stepUpRecovery' ? PATHS.stepUp : PATHS.oneTimeCode;
  const link = html`<a href="${href}">${t('signIn.useOneTimeCode')}</a>`;
  return { title: t('refusal.isOneTime.title'), text: html`${t('refusal.isOneTime.text')} ${link}` };
}

function plainText({ t }: View, name: Plain): RefusalText {
  return { title: t(`refusal.${name}.title`), text: t(`refusal.${name}.text`) };
}

/** When to try again, if the typed values are not wrong. */
function waitText({ t }: View, name: 'busy' | 'often', { retryAfterSeconds = 2 }: Refusal): RefusalText {
  return {
    title: t(`refusal.${name}.title`),
    text: waiting(t, retryAfterSeconds, (wait) => t(`refusal.${name}.text`, { wait })),
  };
}

type TooMany = RefusalOf<'too_many_attempts'>;

function tooManyText(view: View, refusal: TooMany, place: Place): RefusalText {
  if (refusal.reason === 'often') return waitText(view, 'often', refusal);
  return place === 'password' ? passwordWait(view, refusal) : codeWait(view, refusal, place);
}

type NewPasswordRefusal = Extract<Refusal, { refused: 'password_unacceptable' }>;

/** Each reason has two texts with its name: `password.common.title`. A reason without them does not compile. */
function newPasswordText({ t, brand }: View, { reason: rule = 'too_short' }: NewPasswordRefusal): RefusalText {
  return { title: t(`password.${rule}.title`), text: t(`password.${rule}.text`, { product: brand.name }) };
}

function passwordWait(view: View, refusal: TooMany): RefusalText {
  const { t } = view;
  const link = html`<a href="${PATHS.forgotPassword}">${t('refusal.setNewPassword')}</a>`;
  return { title: t('refusal.passwordWait.title'), text: html`${passwordWaitText(view, refusal)} ${link}` };
}

function passwordWaitText({ t }: View, { reason, retryAfterSeconds = 1 }: TooMany): Content {
  switch (reason) {
    case 'closed':
      return t('refusal.passwordClosed.text');
    case 'often':
    case 'reminded':
    case 'sign_in_again':
    case undefined:
      return waiting(t, retryAfterSeconds, (wait) => t('refusal.passwordWait.text', { wait }));
    default:
      return unreachable(reason);
  }
}

function codeWait(view: View, refusal: TooMany, place: Place): RefusalText {
  return { title: view.t('refusal.wait.title'), text: codeWaitText(view, refusal, place) };
}

function codeWaitText(view: View, { reason, retryAfterSeconds = 1 }: TooMany, place: Place): Content {
  const { t } = view;
  switch (reason) {
    case 'sign_in_again':
      if (view.signedIn !== undefined) return t('refusal.again.setUp');
      return html`${t('refusal.again.text')} <a href="${PATHS.signIn}">${t('signIn.title')}</a>`;
    case 'closed':
    case 'often':
    case 'reminded':
    case undefined:
      return withRecovery(
        view,
        waiting(t, retryAfterSeconds, (wait) => t('refusal.wait.text', { wait })),
        place,
      );
    default:
      return unreachable(reason);
  }
}

function pausedText({ t }: View, { retryAfterSeconds = 1 }: Refusal): Content {
  return waiting(t, retryAfterSeconds, (wait) => t('refusal.paused.text', { wait }));
}

/** The name of the two texts for each reason. */
const DISABLED = { undecryptable: 'unreadable' } as const satisfies Record<ReasonOf<'authenticator_disabled'>, string>;

function disabledText(view: View, { reason }: RefusalOf<'authenticator_disabled'>, place: Place): RefusalText {
  const { t } = view;
  const name = reason === undefined ? 'disabled' : DISABLED[reason];
  return { title: t(`refusal.${name}.title`), text: withRecovery(view, t(`refusal.${name}.text`), place) };
}

function withRecovery({ t }: View, text: Content, place: Place): Content {
  if (place !== 'signIn' && place !== 'stepUp') return text;
  const href = place === 'stepUp' ? PATHS.stepUpRecoveryCode : PATHS.recoveryCode;
  return html`${text} <a href="${href}">${t('signIn.useRecoveryCode')}</a>`;
}
