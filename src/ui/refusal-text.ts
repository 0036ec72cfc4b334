import { PATHS } from '#core/paths.ts';
import type { Refusal, RefusalCode } from '#core/values/result.ts';
import { type Content, html } from '#ui/parts/html.ts';
import { duration, span } from '#ui/parts/text.ts';
import type { View } from './view.ts';

/** A refusal in the words of the person whom it meets: what is the matter, and what to do next. */
export type RefusalText = { readonly title: string; readonly text: Content };

/** The page on which it stands: the words differ, and so do the ways on. */
export type Place = 'password' | 'signIn' | 'setUp' | 'recovery' | 'stepUp' | 'stepUpRecovery';

export function refusalText(view: View, refusal: Refusal, place: Place): RefusalText {
  const { t, config } = view;
  switch (refusal.refused) {
    case 'code_incorrect':
      return {
        title: t(place === 'setUp' ? 'refusal.code.setUp' : 'refusal.code.signIn'),
        text: clockText(view, refusal) ?? t('refusal.code.text', { product: config.productName }),
      };
    case 'code_expired':
      return { title: t('refusal.expired.title'), text: clockText(view, refusal) ?? expiredText(view, refusal) };
    case 'code_already_used':
      return {
        title: t('refusal.used.title'),
        text: t('refusal.used.text', { wait: duration(t, refusal.nextCodeInSeconds ?? 30) }),
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

type Plain = 'credentials' | 'recovery' | 'recoveryUsed' | 'accessCode' | 'accessCodeOver' | 'over' | 'other';

/** The same words wherever they meet somebody. */
const PLAIN: Readonly<Partial<Record<RefusalCode, Plain>>> = {
  invalid_credentials: 'credentials',
  recovery_code_incorrect: 'recovery',
  recovery_code_already_used: 'recoveryUsed',
  access_code_incorrect: 'accessCode',
  access_code_expired: 'accessCodeOver',
  sign_in_expired: 'over',
  enrollment_expired: 'over',
};

/** What two refused codes together have told about the clocks; whole minutes, half a minute as 0. */
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

function shapeText({ t, config }: View, { reason }: Refusal, place: Place): RefusalText {
  if (reason === 'looks_like_recovery_code') {
    const href = place === 'stepUp' ? PATHS.stepUpRecoveryCode : PATHS.recoveryCode;
    const link = html`<a href="${href}">${t('signIn.useRecoveryCode')}</a>`;
    return {
      title: t('refusal.isRecovery.title'),
      text:
        place === 'setUp'
          ? t('refusal.code.text', { product: config.productName })
          : html`${t('refusal.isRecovery.text')} ${link}`,
    };
  }
  if (reason === 'looks_like_one_time_code') {
    const href = place === 'stepUpRecovery' ? PATHS.stepUp : PATHS.oneTimeCode;
    const link = html`<a href="${href}">${t('signIn.useOneTimeCode')}</a>`;
    return { title: t('refusal.isOneTime.title'), text: html`${t('refusal.isOneTime.text')} ${link}` };
  }
  if (place === 'recovery' || place === 'stepUpRecovery')
    return { title: t('refusal.characters.title'), text: t('refusal.digits.text') };
  return { title: t('refusal.digits.title'), text: t('refusal.digits.text') };
}

function plainText({ t }: View, name: Plain): RefusalText {
  return { title: t(`refusal.${name}.title`), text: t(`refusal.${name}.text`) };
}

/** When to try again, where nothing that was typed is wrong. */
function waitText({ t }: View, name: 'busy' | 'often', { retryAfterSeconds = 2 }: Refusal): RefusalText {
  return {
    title: t(`refusal.${name}.title`),
    text: t(`refusal.${name}.text`, { wait: duration(t, retryAfterSeconds) }),
  };
}

function tooManyText(view: View, refusal: Refusal, place: Place): RefusalText {
  if (refusal.reason === 'often') return waitText(view, 'often', refusal);
  return place === 'password' ? passwordWait(view, refusal) : codeWait(view, refusal, place);
}

type NewPasswordRefusal = Extract<Refusal, { refused: 'password_unacceptable' }>;

/** Each reason has two texts of its name: `password.common.title`. A reason without them does not compile. */
function newPasswordText({ t, config }: View, { reason: rule = 'too_short' }: NewPasswordRefusal): RefusalText {
  return { title: t(`password.${rule}.title`), text: t(`password.${rule}.text`, { product: config.productName }) };
}

function passwordWait({ t }: View, { reason, retryAfterSeconds = 1 }: Refusal): RefusalText {
  const link = html`<a href="${PATHS.forgotPassword}">${t('refusal.setNewPassword')}</a>`;
  const text =
    reason === 'closed'
      ? t('refusal.passwordClosed.text')
      : t('refusal.passwordWait.text', { wait: duration(t, retryAfterSeconds) });
  return { title: t('refusal.passwordWait.title'), text: html`${text} ${link}` };
}

function codeWait(view: View, { reason, retryAfterSeconds = 1 }: Refusal, place: Place): RefusalText {
  const { t } = view;
  const title = t('refusal.wait.title');
  if (reason === 'sign_in_again') {
    return { title, text: html`${t('refusal.again.text')} <a href="${PATHS.signIn}">${t('signIn.title')}</a>` };
  }
  return { title, text: withRecovery(view, t('refusal.wait.text', { wait: duration(t, retryAfterSeconds) }), place) };
}

function pausedText({ t }: View, { retryAfterSeconds = 1 }: Refusal): string {
  return t('refusal.paused.text', { wait: duration(t, retryAfterSeconds) });
}

function disabledText(view: View, { reason }: Refusal, place: Place): RefusalText {
  const { t } = view;
  const name = reason === 'undecryptable' ? 'unreadable' : 'disabled';
  return { title: t(`refusal.${name}.title`), text: withRecovery(view, t(`refusal.${name}.text`), place) };
}

function withRecovery({ t }: View, text: string, place: Place): Content {
  if (place !== 'signIn' && place !== 'stepUp') return text;
  const href = place === 'stepUp' ? PATHS.stepUpRecoveryCode : PATHS.recoveryCode;
  return html`${text} <a href="${href}">${t('signIn.useRecoveryCode')}</a>`;
}
