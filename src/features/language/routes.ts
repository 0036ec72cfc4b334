import { z } from 'zod';
import { ownPath } from '#core/sessions/return-target.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { seeOther } from '#http/pages/reply.ts';
import { page } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { isLocale } from '#messages/locales.ts';

const YEAR_SECONDS = 365 * DAY_SECONDS;

const languageForm = z.object({ language: typed('word').optional(), return_to: typed('address').optional() });

export const languageRoutes = [
  page({
    method: 'POST',
    path: '/language',
    guard: 'public',
    form: languageForm,
    handle: ({ input, cameFrom }) => {
      const back = ownPath(input.return_to ?? cameFrom ?? '') ?? '/';
      // An unknown language changes nothing, because the switch never offers one.
      if (!isLocale(input.language)) return seeOther(back);
      return seeOther(back, [{ cookie: 'language', value: input.language, maxAgeSeconds: YEAR_SECONDS }]);
    },
  }),
];
