import type { Refusal } from '#core/values/result.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { selectField } from '#ui/parts/choices.ts';
import { textArea } from '#ui/parts/fields.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, duration, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { type Done, refusedTitle, teamPart } from './frame-page.ts';
import { isTooLong, LIMITS, type ListedPerson, type ShownList, type TypedList } from './invite-many.ts';
import { rolesOf } from './invite-page.ts';

const PATH = '/team/invite-many';

type Paste = {
  readonly typed: TypedList;
  readonly refusal?: Refusal | undefined;
  /** A list that was checked before, to be mended. */
  readonly checked?: Pick<ShownList, 'list' | 'faults'> | undefined;
};

/** Where a manager pastes addresses. The next page shows what was read before anybody is invited. */
export function pastePage(view: View, { typed, refusal, checked }: Paste): Html {
  const { t } = view;
  const shown = refusal
    ? { title: t(faultOf(typed, refusal), LIMITS), text: t('console.refused.text') }
    : checked && faultSummary(view, checked);
  return teamPart(view, {
    title: t('inviteMany.title'),
    narrow: true,
    refusal: shown && { ...shown, fieldId: 'pasted' },
    body: html`<p class="lead">${t('inviteMany.lead')}</p>
${form(
  view,
  PATH,
  html`${textArea({
    id: 'pasted',
    name: 'pasted',
    label: t('inviteMany.pasted'),
    hint: t('inviteMany.pasted.hint', LIMITS),
    rows: 10,
    value: typed.pasted,
    error: shown?.title,
  })}
${selectField({ id: 'role', name: 'role', label: t('inviteMany.role'), options: rolesOf(view), value: typed.role })}
<div class="actions">${submitButton(t('inviteMany.check'))}${linkButton('/team', t('button.cancel'))}</div>`,
)}`,
  });
}

function faultOf({ pasted }: TypedList, { reason }: Refusal) {
  if (reason === 'email') return 'inviteMany.empty';
  return isTooLong(pasted) ? 'inviteMany.tooLong' : 'inviteMany.tooMany';
}

type ListPage = { readonly shown: ShownList; readonly done: Done | undefined; readonly refusal?: Refusal | undefined };

/** What was read from a pasted list, every fault with its line, and the button that invites the others. */
export function pastedListPage(view: View, { shown, done, refusal }: ListPage): Html {
  const { t } = view;
  const { list, people } = shown;
  const faults = faultSummary(view, shown);
  const count = countOf(people, 'new');
  const invited = countOf(people, 'invited');
  const button = t('inviteMany.send', { count });
  const path = `${PATH}/${list.id}`;
  const change = linkButton(`${PATH}?list=${list.id}`, t('inviteMany.change'));
  return teamPart(view, {
    title: count > 0 ? button : t('inviteMany.over', { count: invited }),
    done,
    refusal: refusal ? { title: refusedTitle(t, refusal), text: t('console.refused.text') } : done ? undefined : faults,
    body: html`${count > 0 && html`<p class="lead">${t('invite.lead')}</p>`}${dataList(factsOf(view, shown))}
${count > 0 ? form(view, path, actions(submitButton(button), change, linkButton('/team', t('button.cancel')))) : actions(change)}
${done && faults && html`<section><h2>${faults.title}</h2><p>${faults.text}</p></section>`}
${people.length > 0 && peoplePart(view, people)}`,
  });
}

function countOf(people: readonly ListedPerson[], wanted: ListedPerson['state']): number {
  return people.filter((one) => one.state === wanted).length;
}

/** Every fault by its line, in one summary. The others can go ahead. */
function faultSummary({ t }: View, { list, faults }: Pick<ShownList, 'list' | 'faults'>) {
  if (faults.length === 0) return undefined;
  const mend = `${PATH}?list=${list.id}#pasted`;
  const lines = faults.map(({ line, text, why, firstLine = 0 }, index) => {
    const where = html`<a href="${mend}">${t('inviteMany.line', { line })}</a> <span class="anywhere">${shortened(text)}</span>`;
    return html`${index > 0 && html`<br>`}${where} – ${t(`inviteMany.fault.${why}`, { line: firstLine })}`;
  });
  return { title: t('inviteMany.faults', { count: faults.length }), text: html`${lines}` };
}

/** Enough of a wrong piece to find it by. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text;
}

function factsOf(view: View, { list, people, left, hourly, opensIn }: ShownList) {
  const { t, locale } = view;
  const [invited, listed, waits] = [countOf(people, 'invited'), countOf(people, 'listed'), countOf(people, 'waits')];
  const next = opensIn > 0 ? t('inviteMany.next', { wait: duration(t, opensIn) }) : '';
  const facts: readonly (false | { readonly label: string; readonly value: Content })[] = [
    { label: t('inviteMany.role'), value: t(`role.${list.role}`) },
    invited > 0 && { label: t('inviteMany.state.invited'), value: t('inviteMany.people', { count: invited }) },
    listed > 0 && {
      label: t('inviteMany.state.listed'),
      value: t('inviteMany.listed', { count: listed }),
    },
    waits > 0 && {
      label: t('inviteMany.state.waits'),
      value: html`${t('inviteMany.waits', { count: waits })} ${timeElement(list.expires_at, locale)}.`,
    },
    { label: t('inviteMany.limit'), value: `${t('inviteMany.limit.value', { hourly, left })} ${next}` },
  ];
  return facts.filter((fact) => fact !== false);
}

function peoplePart(view: View, people: readonly ListedPerson[]): Html {
  const { t } = view;
  const shape = { new: 'ahead', waits: 'open', invited: 'on', listed: 'none' } as const;
  return html`<section><h2>${t('inviteMany.read')}</h2>${grid({
    caption: t('inviteMany.read'),
    isShort: true,
    columns: [
      { label: t('people.name'), phone: 'head' },
      { label: t('people.state') },
      { label: t('bulk.line'), numeric: true, phone: 'none' },
    ],
    rows: people.map(({ line, name, email, state: is, id }) => [
      html`${id === undefined ? name : html`<a href="/team/people/${id}">${name}</a>`}<br><span class="hint anywhere">${email}</span>`,
      state(t(`inviteMany.state.${is}`), shape[is]),
      line,
    ]),
    empty: '',
  })}</section>`;
}
