import type { UserKey } from '#messages/audience.ts';

/**
 * New texts of users that are shown in English until a translator has done them. Whoever adds a text in English and
 * German and speaks none of the other languages writes its key here. Empty before a release.
 */
export const UNTRANSLATED = [] as const satisfies readonly UserKey[];
