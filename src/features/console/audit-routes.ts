import { z } from 'zod';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { auditPage, exportPage } from './audit-page.ts';
import { exportFound, readAuditList, readAuditQuery, readScope } from './audit-search.ts';
import { actorOf, csvFile } from './shared-routes.ts';

const AUDIT = '/console/audit';

const exportForm = z.object({
  format: z.string().optional(),
  person: z.string().optional(),
  partner: z.string().optional(),
  action: z.string().optional(),
  from: z.string().optional(),
  until: z.string().optional(),
});

export const auditRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: AUDIT,
    guard: 'staff',
    async handle({ env, view, query }) {
      return show(auditPage(view, await readAuditList(env, readAuditQuery(query), view.staff === 'admin')));
    },
  }),
  page({
    method: 'GET',
    path: `${AUDIT}/export`,
    guard: 'staffSteppedUp',
    async handle({ env, view, query }) {
      const asked = readAuditQuery(view.kept ? new URLSearchParams(view.kept) : query);
      return show(exportPage(view, { query: asked, scope: await readScope(env, asked, view.staff === 'admin') }));
    },
  }),
  page({
    method: 'POST',
    path: `${AUDIT}/export`,
    guard: 'staffSteppedUp',
    form: exportForm,
    keeps: ['person', 'partner', 'action', 'from', 'until'],
    handle: sendExport,
  }),
];

/** A form rather than a link: the export is written down, and no other site can cause it. */
async function sendExport(call: PageCall<'staffSteppedUp', z.output<typeof exportForm>>): Promise<Reply> {
  const { env, view, input } = call;
  const given = Object.entries(input).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
  const query = readAuditQuery(new URLSearchParams(Object.fromEntries(given)));
  const scope = await readScope(env, query, view.staff === 'admin');
  if (scope.unknown) return seeOther(AUDIT);
  const format = input.format === 'csv' || input.format === 'semicolons' ? 'csv' : 'jsonl';
  const body = await exportFound(env, scope, { format, actor: actorOf(call), query });
  if (format === 'csv') return csvFile('audit.csv', body, input.format === 'semicolons');
  const type = 'application/jsonl; charset=utf-8';
  return { status: 200, file: { type, body, name: 'audit.jsonl' }, cookies: [] };
}
