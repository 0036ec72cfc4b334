import type { Env } from '#env.ts';
import { type Reply, show } from '#http/pages/reply.ts';
import { page } from '#http/route.ts';
import { mailMessage, mailSubject, withLook } from '#mail/message.ts';
import { findLook, listLooks } from '#store/partners/looks.ts';
import { findMail, listMail } from '#store/queue/outbox.ts';
import type { OutboxTable } from '#store/queue/tables.ts';
import { errorPage } from '#ui/layout.ts';
import type { View } from '#ui/view.ts';
import { mailListPage, mailPage, type ShownMail } from './pages.ts';

const MOST_SHOWN = 100;

/** The page of a mail may contain one frame of our own. Otherwise it has the policy of every page. */
const WITH_FRAME = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
};

/** A mail contains its own styles and can do nothing else, in the frame or alone. */
const MAIL_ALONE = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
};

/** Captured mail, readable by everyone who can reach the server. Only the demo adds it; it is never in `ROUTES`. */
export const devMailRoutes = [
  page({
    method: 'GET',
    path: '/dev/mail',
    guard: 'public',
    handle: async ({ env, view }) => {
      const rows = await listMail(env.db.read, MOST_SHOWN);
      const looks = await listLooks(
        env.db.read,
        rows.map(({ partner_id }) => partner_id),
      );
      return show(
        mailListPage(
          view,
          rows.map((row) => shownMail(withLook(env, looks.get(row.partner_id ?? '')), row)),
        ),
      );
    },
  }),
  page({
    method: 'GET',
    path: '/dev/mail/:id',
    guard: 'public',
    handle: async ({ env, view, params }) => {
      const row = await findMail(env.db.read, params.id ?? '');
      if (!row) return noSuchMail(view);
      return { ...show(mailPage(view, shownMail(await lookedAt(env, row), row))), headers: WITH_FRAME };
    },
  }),
  page({
    method: 'GET',
    path: '/dev/mail/:id/html',
    guard: 'public',
    handle: async ({ env, view, params }) => {
      const row = await findMail(env.db.read, params.id ?? '');
      const message = row && mailMessage(await lookedAt(env, row), row);
      return message ? { ...show(message.html), headers: MAIL_ALONE } : noSuchMail(view);
    },
  }),
];

async function lookedAt(env: Env, { partner_id }: OutboxTable): Promise<Env> {
  return withLook(env, await findLook(env.db.read, partner_id));
}

function shownMail(env: Env, row: OutboxTable): ShownMail {
  const message = mailMessage(env, row);
  const subject = message?.subject ?? mailSubject(env, row);
  return { id: row.id, to: row.recipient, at: row.created_at, subject, text: message?.text };
}

function noSuchMail(view: View): Reply {
  const words = { title: view.t('error.not_found.title'), text: view.t('error.not_found.text') };
  return show(errorPage(view, { status: 404, ...words }), 404);
}
