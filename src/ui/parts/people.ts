import type { PersonRow } from '#store/people/people-pages.ts';
import type { View } from '#ui/view.ts';
import { type Content, type Html, html } from './html.ts';
import { dateElement, endElement, state } from './text.ts';

/** The state as a word and a shape: an open arch for a person who can sign in. */
export function stateOf({ t }: Pick<View, 't'>, row: Pick<PersonRow, 'state'>): Html {
  return state(t(`people.state.${row.state}`), row.state === 'active');
}

type MfaColumns = Pick<PersonRow, 'enrolledAt' | 'authenticators' | 'exemptUntil'>;

/** Since when the person has an authenticator, how many if there are several, or until when they are exempt. */
export function mfaOf({ t, now, locale }: View, row: MfaColumns): Content {
  const { enrolledAt, authenticators, exemptUntil } = row;
  if (enrolledAt !== undefined) {
    const several =
      authenticators > 1 && html`<br><span class="hint">${t('people.mfa.apps', { count: authenticators })}</span>`;
    return html`${state(t('people.mfa.since'), true)} ${dateElement(enrolledAt, locale)}${several}`;
  }
  if (exemptUntil === undefined || exemptUntil <= now) return state(t('people.mfa.none'), false);
  return html`${state(t('people.mfa.exempt'), false)} ${endElement(exemptUntil, locale)}`;
}
