import { z } from 'zod';
import { reasonPage } from '#features/console/act-pages.ts';
import { readPartner } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { archivePartner } from '#flows/administration/partner-acts.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { seeOther } from '#http/pages/reply.ts';
import type { Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';

/** Archiving signs out a whole company, so the page counts its people and asks for a reason. */
export const archiveRoutes: readonly Route[] = actPages({
  path: '/console/partners/:partner/archive',
  guard: 'staffSteppedUp',
  form: z.object({ reason: typed('reason').optional() }),
  keeps: ['reason'],
  missing,
  find: ({ env, params }) => readPartner(env, params.partner ?? ''),
  draw({ view }, { partner, people }, { reason = '' }, refusal) {
    const above = { href: `/console/partners/${partner.id}`, label: partner.name };
    return reasonPage(view, {
      title: view.t('act.archive.button', { name: partner.name }),
      text: view.t('partner.archive.text', { name: partner.name, people }),
      action: `${above.href}/archive`,
      above,
      isGrave: true,
      reason,
      refusal: refusal && refusedWords(view, refusal),
    });
  },
  act: (call, { partner: { id } }, { reason = '' }) =>
    idempotentForm(
      call,
      (around) => archivePartner(call.env, actorOf(call), id, around, reason),
      seeOther(`/console/partners/${id}?done=archived`),
    ),
});
