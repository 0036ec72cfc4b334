import { partnerBrand } from '#core/brand/look.ts';
import { findMember, readUndelivered } from '#features/console/find.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { sendMailAgain } from '#flows/administration/send-mail-again.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { seeOther } from '#http/pages/reply.ts';
import type { Route } from '#http/route.ts';

/** Sends an undelivered mail again, from the page of its receiver. */
export const mailRoutes: readonly Route[] = actPages({
  path: '/console/people/:person/mail/:mail',
  guard: 'staffSteppedUp',
  find: findMail,
  missing,
  draw({ view }, { row, partner, mail }) {
    const { t, brand } = view;
    const above = { href: `/console/people/${row.id}`, label: row.name };
    const subject = t(`mail.${mail.kind}.subject`, { product: partnerBrand(brand, partner.look).name });
    const text = t('act.mail.text', { subject, email: row.email });
    const action = `${above.href}/mail/${mail.id}`;
    return questionPage(view, { title: t('act.mail.button', { name: row.name }), text, action, above });
  },
  act: (call, { row, mail }) =>
    idempotentForm(
      call,
      (around) => sendMailAgain(call.env, { id: row.id, mailId: mail.id, actor: actorOf(call) }, around),
      seeOther(`/console/people/${row.id}?done=mailed`),
    ),
  // Someone else sent it, or the person was disabled or has accepted: the page shows the current state.
  refused: (_call, { row }) => seeOther(`/console/people/${row.id}`),
});

async function findMail({ env, params }: ActCall<'staffSteppedUp'>) {
  const member = await findMember(env, params.person ?? '');
  const mails = member ? await readUndelivered(env, member.row.email) : [];
  const mail = mails.find(({ id, mayGoAgain }) => id === params.mail && mayGoAgain);
  return member && mail && { ...member, mail };
}
