import type { UserKey } from '#messages/audience.ts';
import es from '#messages/locales/es.json' with { type: 'json' };
import fr from '#messages/locales/fr.json' with { type: 'json' };
import it from '#messages/locales/it.json' with { type: 'json' };
import nl from '#messages/locales/nl.json' with { type: 'json' };
import pl from '#messages/locales/pl.json' with { type: 'json' };
import pt from '#messages/locales/pt-PT.json' with { type: 'json' };
import type { Locale, StaffLocale } from '#messages/locales.ts';
import type { UNTRANSLATED } from './untranslated.ts';

export type Translated = Exclude<Locale, StaffLocale>;

type TranslatedKey = Exclude<UserKey, (typeof UNTRANSLATED)[number]>;

/** The languages of users alone. A text that one of them lacks does not compile, unless it is in `untranslated.ts`. */
export const TRANSLATIONS: Readonly<Record<Translated, Readonly<Record<TranslatedKey, string>>>> = {
  es,
  fr,
  it,
  nl,
  pl,
  'pt-PT': pt,
};
