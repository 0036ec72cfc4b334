import { z } from 'zod';
import { ownPath } from '#core/return-target.ts';
import { seeOther } from '#http/reply.ts';
import { page } from '#http/route.ts';
import { isLocale } from '#messages/messages.ts';

const YEAR_SECONDS = 365 * 24 * 60 * 60;

const languageForm = z.object({ language: z.string().optional(), return_to: z.string().optional() });

export const languageRoutes = [
  page({
    method: 'POST',
    path: '/language',
    guard: 'public',
    form: languageForm,
    handle: ({ input }) => {
      const back = ownPath(input.return_to ?? '') ?? '/';
      // A language we do not have changes nothing: the switch never offers one.
      if (!isLocale(input.language)) return seeOther(back);
      return seeOther(back, [{ cookie: 'language', value: input.language, maxAgeSeconds: YEAR_SECONDS }]);
    },
  }),
];
