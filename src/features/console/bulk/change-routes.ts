import { z } from 'zod';
import { DEFAULT_REMINDER_DAYS } from '#core/people/reminder-days.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf } from '#features/console/shared-routes.ts';
import { checkPolicyCsv, POLICY_CSV_BYTES } from '#flows/bulk/csv-changes.ts';
import { countSelected, itemsOf } from '#flows/bulk/select.ts';
import { type Prepared, prepareBulk } from '#flows/bulk/start.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { View } from '#ui/view.ts';
import {
  backOf,
  CHANGE_FIELDS,
  type ChangeTyped,
  readChange,
  selectedBy,
  selectionOf,
  typedChange,
} from './change-form.ts';
import { changePage, uploadPage } from './change-page.ts';

const NEW = '/console/bulk/new';
const UPLOAD = '/console/bulk/upload';

const changeForm = z.object({
  policy: typed('word').optional(),
  from: typed('time').optional(),
  days: typed('word').optional(),
  partners: typed('ids').optional(),
  filter: typed('address').optional(),
  back: typed('address').optional(),
});

const uploadForm = z.object({ csv: typed('csv').optional() });

type StaffCall<Input = undefined> = PageCall<'staffSteppedUp', Input>;

/** From a selection or a file to a draft, whose preview comes next. Nothing here changes a partner. */
export const changeRoutes: readonly Route[] = [
  page({ method: 'GET', path: NEW, guard: 'staffSteppedUp', handle: showNew }),
  page({
    method: 'POST',
    path: NEW,
    guard: 'staffSteppedUp',
    form: changeForm,
    keeps: CHANGE_FIELDS,
    handle: submitNew,
  }),
  page({ method: 'GET', path: UPLOAD, guard: 'staffSteppedUp', handle: ({ view }) => show(uploadPage(view, {})) }),
  page({
    method: 'POST',
    path: UPLOAD,
    guard: 'staffSteppedUp',
    form: uploadForm,
    uploadBytes: POLICY_CSV_BYTES + 64 * 1024,
    handle: submitUpload,
  }),
];

async function showNew({ env, view, query }: StaffCall): Promise<Reply> {
  const selected = view.restored ?? selectedBy(query);
  const form = typedChange({ filter: filterOf(query), back: backOf(query) });
  if (selected === undefined) return refuseNew(view, form, 0, refuse('invalid_request', { reason: 'selection' }));
  const shown = view.restored
    ? typedChange(view.restored)
    : { ...form, ...selectedBy(query), policy: 'date', days: DEFAULT_REMINDER_DAYS.join(', ') };
  const count = await countSelected(env, selectionOf(shown));
  return isRefusal(count) ? refuseNew(view, shown, 0, count) : show(changePage(view, { typed: shown, count }));
}

/** The filter of the list without anything ticked, to go back to. */
function filterOf(query: URLSearchParams): string {
  const all = new URLSearchParams(query);
  all.set('all', 'yes');
  all.delete('partner');
  return selectedBy(all)?.filter ?? '';
}

function refuseNew(view: View, typed: ChangeTyped, count: number, refusal: Refusal): Reply {
  return showRefusal(changePage(view, { typed, count, refusal: refusedWords(view, refusal) }), refusal);
}

async function submitNew(call: StaffCall<z.output<typeof changeForm>>): Promise<Reply> {
  const { env, view } = call;
  const form = typedChange(call.input);
  const selection = selectionOf(form);
  const count = await countSelected(env, selection);
  if (isRefusal(count)) return refuseNew(view, form, 0, count);
  const change = readChange(form, view.now);
  if (isRefusal(change)) return refuseNew(view, form, count, change);
  const items = itemsOf(env, selection, change);
  const act = (around: Around<Prepared>) => prepareBulk(env, actorOf(call), { kind: change.act }, items, around);
  const prepared = await idempotentForm(call, act, toPreview);
  return isRefusal(prepared) ? refuseNew(view, form, count, prepared) : prepared;
}

function toPreview({ id }: { readonly id: string }): Reply {
  return seeOther(`/console/bulk/${id}/start`);
}

async function submitUpload(call: StaffCall<z.output<typeof uploadForm>>): Promise<Reply> {
  const { env, view, upload, input } = call;
  const checked = await checkPolicyCsv(env, upload ?? Buffer.from(input.csv ?? ''));
  if (isRefusal(checked)) return showRefusal(uploadPage(view, { refusal: csvWords(view, checked) }), checked);
  const { rows, faults: shown, faultCount: count, items } = checked;
  if (count > 0) {
    const refusal = refuse('invalid_request', { reason: 'csv_faults' });
    const faults = { rows, count, shown };
    return showRefusal(uploadPage(view, { refusal: csvWords(view, refusal), faults }), refusal);
  }
  const act = (around: Around<Prepared>) => prepareBulk(env, actorOf(call), { kind: 'policy' }, items, around);
  const prepared = await idempotentForm(call, act, toPreview);
  return isRefusal(prepared)
    ? showRefusal(uploadPage(view, { refusal: refusedWords(view, prepared) }), prepared)
    : prepared;
}

/** Why a file was refused, with the line. */
export function csvWords(view: View, refusal: Refusal) {
  const words = refusedWords(view, refusal);
  const { line } = refusal;
  return line === undefined ? words : { ...words, title: view.t('bulk.atLine', { line, fault: words.title }) };
}
