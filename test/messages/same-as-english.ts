import type { UserKey } from '#messages/audience.ts';
import type { Translated } from './translations.ts';

/** Texts that are the same word in English and in another language. Everything else that is equal is not translated. */
export const SAME_AS_ENGLISH: Readonly<Record<Translated, readonly UserKey[]>> = {
  es: ['layout.error', 'people.mfa', 'setUp.apps.android', 'setUp.apps.iphone'],
  fr: [
    'person.acts',
    'layout.console',
    'lost.who.contact',
    'pager.label',
    'people.mfa',
    'setUp.apps.android',
    'setUp.apps.iphone',
    'security.sessions',
  ],
  it: [
    'field.password',
    'home.how.passkey',
    'home.how.password',
    'layout.console',
    'passkey.one',
    'passkey.one.number',
    'people.mfa',
    'setUp.apps.android',
    'setUp.apps.iphone',
    'security.password',
  ],
  nl: [
    'layout.console',
    'lost.who.contact',
    'people.mfa',
    'setUp.apps.android',
    'setUp.apps.iphone',
    'people.mfa.apps',
    'people.state',
    'role.csm',
    'role.manager',
  ],
  pl: ['inviteMany.limit', 'people.mfa', 'setUp.apps.android', 'setUp.apps.iphone', 'role.admin'],
  'pt-PT': ['people.mfa', 'setUp.apps.android', 'setUp.apps.iphone'],
};
