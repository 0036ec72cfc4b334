import { z } from 'zod';
import { FORM_SECONDS } from '#core/values/idempotency.ts';
import { isRefusal } from '#core/values/result.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { addressWith } from '#http/pages/kept-form.ts';
import { csvFile, type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { verifyPage } from './chain-page.ts';
import { auditPage, exportPage } from './page.ts';
import { exportFound, readAuditList, readAuditQuery, readScope, recordExport } from './search.ts';
import { VERIFIED_MOST, verifyNewest } from './verify.ts';

const AUDIT = '/console/audit';
const FILE = `${AUDIT}/export/file`;

const exportForm = z.object({
  format: typed('word').optional(),
  person: typed('email').optional(),
  partner: typed('name').optional(),
  action: typed('word').optional(),
  from: typed('time').optional(),
  until: typed('time').optional(),
});

export const auditRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: AUDIT,
    guard: 'staff',
    async handle({ env, view, query }) {
      const list = await readAuditList(env, readAuditQuery(query), view.staff === 'admin');
      return show(auditPage(view, list, doneOf(query)));
    },
  }),
  page({
    method: 'GET',
    path: `${AUDIT}/export`,
    guard: 'staffSteppedUp',
    async handle({ env, view, query }) {
      const asked = readAuditQuery(view.restored ? new URLSearchParams(view.restored) : query);
      return show(exportPage(view, { query: asked, scope: await readScope(env, asked, view.staff === 'admin') }));
    },
  }),
  page({
    method: 'POST',
    path: `${AUDIT}/export`,
    guard: 'staffSteppedUp',
    form: exportForm,
    keeps: ['person', 'partner', 'action', 'from', 'until'],
    handle: submitExport,
  }),
  page({ method: 'GET', path: FILE, guard: 'staffSteppedUp', handle: sendFile }),
  // The result is an event, which the page then shows.
  ...actPages({
    path: `${AUDIT}/verify`,
    guard: 'staffSteppedUp',
    find: async () => VERIFIED_MOST,
    missing,
    draw: ({ view }, most) => verifyPage(view, most),
    act: (call) =>
      idempotentForm(
        call,
        (around) => verifyNewest(call.env, actorOf(call), around),
        seeOther(`${AUDIT}?done=verified#chain`),
      ),
  }),
];

type Fields = z.output<typeof exportForm>;

/**
 * A form, not a link: the export is logged, and no other site can cause it. It redirects to the file. The file's
 * address carries the filter, sealed for this session, so a second download is the same export.
 */
async function submitExport(call: PageCall<'staffSteppedUp', Fields>): Promise<Reply> {
  const { env, view, session, input } = call;
  const query = queryOf(input);
  const scope = await readScope(env, query, view.staff === 'admin');
  if (scope.unknown) return seeOther(AUDIT);
  const typed = { query: JSON.stringify(givenOf(input)), until: String(view.now + FORM_SECONDS) };
  const led = await idempotentForm(
    call,
    (around) => recordExport(env, scope, { format: formatOf(input), actor: actorOf(call), query }, around),
    seeOther(addressWith(env.keys, session, FILE, typed) ?? AUDIT),
  );
  return isRefusal(led) ? showRefusal(exportPage(view, { query, scope }), led) : led;
}

async function sendFile({ env, view }: PageCall<'staffSteppedUp'>): Promise<Reply> {
  const { query = '{}', until = '0' } = view.restored ?? {};
  if (Number(until) <= view.now) return seeOther(`${AUDIT}/export`);
  const asked = exportForm.parse(JSON.parse(query));
  const scope = await readScope(env, queryOf(asked), view.staff === 'admin');
  const format = formatOf(asked);
  const body = exportFound(env, scope, format);
  if (format === 'csv') return csvFile('audit.csv', body, asked.format === 'semicolons');
  const type = 'application/jsonl; charset=utf-8';
  return { status: 200, file: { type, body, name: 'audit.jsonl' }, cookies: [] };
}

function queryOf(fields: Fields) {
  return readAuditQuery(new URLSearchParams(givenOf(fields)));
}

function givenOf(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value ? [[name, value] as const] : [])));
}

function formatOf({ format }: Fields): 'csv' | 'jsonl' {
  return format === 'csv' || format === 'semicolons' ? 'csv' : 'jsonl';
}
