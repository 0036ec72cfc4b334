import { z } from 'zod';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf } from '#features/console/shared-routes.ts';
import { remindPartners } from '#flows/administration/partner-plan.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { Selection } from '#store/partners/reminding.ts';
import { filterOf, ROLL_OUT, readRollOutQuery, rollOutPath } from './query.ts';
import { previewReminders } from './reminders.ts';
import { remindersPage } from './reminders-page.ts';

const PATH = '/console/reminders';

const remindForm = z.object({
  partners: typed('ids').optional(),
  view: typed('word').optional(),
  from: typed('time').optional(),
  until: typed('time').optional(),
});

type Fields = z.output<typeof remindForm>;

export const reminderRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATH, guard: 'staffSteppedUp', handle: showReminders }),
  page({
    method: 'POST',
    path: PATH,
    guard: 'staffSteppedUp',
    form: remindForm,
    keeps: ['partners', 'view', 'from', 'until'],
    handle: submitReminders,
  }),
];

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Two pages of rows. */
const IDS_MOST = 100;

/** Where nobody is chosen, the list says so. */
export const NOTHING_TICKED = `${ROLL_OUT}?nothing=ticked`;

/** The ids among what was sent, each once. */
export function tickedIds(sent: readonly string[]): readonly string[] {
  const words = sent.flatMap((text) => text.split(' '));
  return [...new Set(words.filter((word) => ID.test(word)))].slice(0, IDS_MOST);
}

async function showReminders(call: PageCall<'staffSteppedUp'>): Promise<Reply> {
  const { view, query } = call;
  const partners = tickedIds(query.getAll('partner')).join(' ');
  if (!view.restored && partners === '' && query.get('all') !== 'yes') return seeOther(NOTHING_TICKED);
  const fields = view.restored ?? {
    partners,
    view: query.get('view') ?? '',
    from: query.get('from') ?? '',
    until: query.get('until') ?? '',
  };
  return show(await draw(call, fields));
}

async function draw(
  { env, view, session }: Pick<PageCall<'staffSteppedUp'>, 'env' | 'view' | 'session'>,
  fields: Fields,
  refusal?: Refusal,
) {
  const { selection, query } = chosen(fields, view.now, session.user.id);
  return remindersPage(view, {
    preview: await previewReminders(env, view, selection),
    ids: selection.ids ?? [],
    query,
    above: rollOutPath(query),
    refusal: refusal && refusedWords(view, refusal),
  });
}

/** The ticked partners, or the list whose filter the address names. */
function chosen(fields: Fields, now: number, ownId: string) {
  const query = readRollOutQuery(new URLSearchParams(givenOf(fields)));
  const ids = tickedIds([fields.partners ?? '']);
  const selection: Selection = ids.length > 0 ? { ids } : { filter: filterOf(query, now, ownId) };
  return { selection, query };
}

function givenOf({ view = '', from = '', until = '' }: Fields): Record<string, string> {
  return { view, from, until };
}

async function submitReminders(call: PageCall<'staffSteppedUp', Fields>): Promise<Reply> {
  const { env, view, session, input } = call;
  // Ids that nobody can read stand for nobody, and not for everybody in the list.
  if (input.partners && tickedIds([input.partners]).length === 0) return seeOther(NOTHING_TICKED);
  const { selection } = chosen(input, view.now, session.user.id);
  const done = await idempotentForm(
    call,
    (around) => remindPartners(env, actorOf(call), selection, around),
    seeOther(`${ROLL_OUT}?done=reminding`),
  );
  return isRefusal(done) ? showRefusal(await draw(call, input, done), done) : done;
}
