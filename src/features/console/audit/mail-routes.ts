import { isRefusal } from '#core/values/result.ts';
import { findMember, readUndelivered } from '#features/console/find.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { sendMailAgain } from '#flows/administration/send-mail-again.ts';
import { doFormOnce } from '#flows/runtime/idempotency.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';

const ONE = '/console/people/:person/mail/:mail';

/** A mail that did not arrive, sent again from the page of the person it was for. */
export const mailRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: ONE,
    guard: 'staffSteppedUp',
    async handle(call) {
      const found = await findMail(call);
      if (!found) return missing(call.view);
      const { t, config } = call.view;
      const { row, mail } = found;
      const above = { href: `/console/people/${row.id}`, label: row.name };
      const subject = t(`mail.${mail.kind}.subject`, { product: config.productName });
      const text = t('act.mail.text', { subject, email: row.email });
      const action = `${above.href}/mail/${mail.id}`;
      return show(questionPage(call.view, { title: t('act.mail'), text, action, above, button: t('act.mail') }));
    },
  }),
  page({
    method: 'POST',
    path: ONE,
    guard: 'staffSteppedUp',
    async handle(call) {
      const found = await findMail(call);
      if (!found) return missing(call.view);
      const { row, mail } = found;
      const back = `/console/people/${row.id}`;
      const which = { personId: row.id, mailId: mail.id };
      const sent = await doFormOnce(
        call,
        (env) => sendMailAgain(env, actorOf(call), which),
        seeOther(`${back}?done=mailed`),
      );
      // Sent by somebody else, accepted or disabled meanwhile: the page says how the person stands.
      return isRefusal(sent) ? seeOther(back) : sent;
    },
  }),
];

async function findMail({ env, params }: Pick<PageCall<'staffSteppedUp'>, 'env' | 'params'>) {
  const member = await findMember(env, params.person ?? '');
  const mails = member ? await readUndelivered(env, member.row.email) : [];
  const mail = mails.find(({ id, mayGoAgain }) => id === params.mail && mayGoAgain);
  return member && mail && { row: member.row, mail };
}
