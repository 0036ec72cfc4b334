import { z } from 'zod';
import { readPartner } from '#features/console/find.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { seeOther } from '#http/pages/reply.ts';
import type { Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { html } from '#ui/parts/html.ts';
import { questionPage } from './partner-page.ts';

/** Whether people of a partner may trust a device: a page that explains the change, and its button. */
export const trustRoutes: readonly Route[] = actPages({
  path: '/console/partners/:partner/trusted-devices',
  guard: 'staffSteppedUp',
  form: z.object({ allowed: typed('word').optional() }),
  missing,
  find: ({ env, params }) => readPartner(env, params.partner ?? ''),
  draw({ view }, { partner, people }) {
    const { t } = view;
    const act = partner.trustedDevices ? 'forbid' : 'allow';
    // Named, so that a page that was drawn before another change never does the opposite of its words.
    const fields = html`<input type="hidden" name="allowed" value="${act === 'allow' ? 'yes' : 'no'}">`;
    const above = { href: `/console/partners/${partner.id}`, label: partner.name };
    const title = t(act === 'allow' ? 'act.trustAllow.button' : 'act.trustForbid.button', { name: partner.name });
    const text = t(`partner.trusted.${act}.text`, { name: partner.name, people });
    const action = `${above.href}/trusted-devices`;
    return questionPage(view, { title, text, action, above, isGrave: partner.trustedDevices, fields });
  },
  act: (call, { partner }, { allowed }) =>
    idempotentForm(
      call,
      (around) => changeTrustedDevices(call.env, actorOf(call), partner.id, allowed === 'yes', around),
      seeOther(`/console/partners/${partner.id}?done=trusted`),
    ),
  refused: ({ view }) => missing(view),
});
