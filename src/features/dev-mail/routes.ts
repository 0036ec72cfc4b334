import type { Env } from '#env.ts';
import { errorPage } from '#http/layout.ts';
import { show } from '#http/reply.ts';
import { page } from '#http/route.ts';
import { mailText } from '#mail/words.ts';
import type { OutboxTable } from '#store/mail-tables.ts';
import { findMail, listMail } from '#store/outbox.ts';
import { mailListPage, mailPage, type ShownMail } from './pages.ts';

const MOST_SHOWN = 100;

/** Captured mail, for whoever can reach the server: in the demo only, never among `ROUTES`. */
export const devMailRoutes = [
  page({
    method: 'GET',
    path: '/dev/mail',
    guard: 'public',
    handle: async ({ env, view }) => {
      const rows = await listMail(env.db.read, MOST_SHOWN);
      return show(
        mailListPage(
          view,
          rows.map((row) => shownMail(env, row)),
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
      if (row) return show(mailPage(view, shownMail(env, row)));
      const words = { title: view.t('error.not_found.title'), text: view.t('error.not_found.text') };
      return show(errorPage(view, { status: 404, ...words }), 404);
    },
  }),
];

function shownMail(env: Env, row: OutboxTable): ShownMail {
  return { id: row.id, to: row.recipient, at: row.created_at, ...mailText(env, row) };
}
