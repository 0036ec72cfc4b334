import type { UserKey } from '#messages/audience.ts';

/**
 * New texts of users that are shown in English until a translator has done them. A contributor who adds a text and
 * speaks only English and German writes its key here. Empty before a release.
 */
export const UNTRANSLATED = [] as const satisfies readonly UserKey[];
