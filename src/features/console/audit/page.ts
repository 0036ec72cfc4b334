import { deviceName } from '#core/sessions/device-name.ts';
import { consolePage, type Done } from '#features/console/frame-page.ts';
import { form } from '#ui/parts/actions.ts';
import { filterForm, selectField } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { grid, pager } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { chainLine, chainSection } from './chain-page.ts';
import { ACTIONS, type AuditEventRow, type AuditList, type AuditQuery, auditPath, GROUPS } from './search.ts';
import { actionCell, actionWords, actorCell, subjectCell, trailColumns } from './trail-page.ts';

const PATH = '/console/audit';

/** The audit log, newest event first. The address carries the filters and the place where a page begins. */
export function auditPage(view: View, list: AuditList, done?: Done): Html {
  const { t } = view;
  const { query, scope, rows, next } = list;
  return consolePage(view, {
    title: t('console.audit'),
    part: 'audit',
    body: html`${chainLine(view, list.chain)}${auditFilters(view, query, scope.person?.label)}
<div id="results">${grid({
      caption: t('console.audit'),
      isShort: true,
      columns: [...trailColumns(view), { label: t('audit.origin'), phone: 'none' }],
      rows: rows.map((row) => cellsOf(view, row)),
      empty: html`<p>${t(scope.unknown ? `audit.unknown.${scope.unknown}` : 'audit.none')} <a href="${PATH}">${t('filter.all')}</a></p>`,
    })}
${pager(t, { first: query.before && auditPath(PATH, query), next: next && auditPath(PATH, query, next) })}
${rows.length > 0 && html`<p class="quiet"><a href="${auditPath(`${PATH}/export`, query)}">${t('audit.export')}</a></p>`}</div>
${chainSection(view, list.chain)}`,
    done,
  });
}

function auditFilters(view: View, query: AuditQuery, person: string | undefined): Html {
  const { t } = view;
  const text = (name: 'person' | 'partner', value: string | undefined, type: 'search' | 'date' = 'search') =>
    textField({
      id: name,
      name,
      label: t(`audit.${name}`),
      hint: t(`audit.${name}.hint`),
      type,
      autocomplete: 'off',
      required: false,
      value: value ?? '',
    });
  const day = (name: 'from' | 'until') =>
    textField({
      id: name,
      name,
      label: t(`audit.${name}`),
      type: 'date',
      autocomplete: 'off',
      required: false,
      value: query[name] ?? '',
    });
  return filterForm(PATH, t('audit.search'), text('person', person ?? query.person), {
    button: t('filter.show'),
    label: t('filter.more'),
    isOpen: [query.partner, query.action, query.from, query.until].some((value) => value !== undefined),
    fields: html`${text('partner', query.partner)}
${selectField({
  id: 'action',
  name: 'action',
  label: t('audit.action'),
  value: query.action,
  options: [{ value: '', label: t('filter.any') }],
  groups: actionGroups(view),
})}
${day('from')}${day('until')}`,
  });
}

function cellsOf(view: View, row: AuditEventRow): readonly Content[] {
  const { t, locale } = view;
  return [
    timeElement(row.at, locale),
    actionCell(view, row),
    actorCell(view, row),
    subjectCell(row, row.partner),
    row.isErased
      ? html`<span class="hint">${t('audit.erased')}</span>`
      : html`${row.ip ?? '–'}${row.userAgent !== undefined && html`<br>${browserOf(view, row.userAgent)}`}`,
  ];
}

/** Browser and system in common words. What the browser calls itself is one pointer away. */
function browserOf({ t }: View, userAgent: string): Html {
  const name = deviceName(userAgent);
  if (name === undefined) return html`<span class="hint cut">${userAgent}</span>`;
  return html`<span class="hint" title="${userAgent}">${t('sessions.on', name)}</span>`;
}

/** The actions under headings, each in the order of the language. */
function actionGroups({ t, locale }: View) {
  return GROUPS.map(([name, nouns]) => ({
    label: t(`audit.group.${name}`),
    options: ACTIONS.filter((action) => nouns.some((noun) => action.startsWith(`${noun}.`)))
      .map((value) => ({ value, label: actionWords(t, value) }))
      .sort((one, other) => one.label.localeCompare(other.label, locale)),
  }));
}

/** What the export will contain, and its two buttons. */
export function exportPage(view: View, { query, scope }: Pick<AuditList, 'query' | 'scope'>): Html {
  const { t } = view;
  const said = [
    scope.person && `${t('audit.person')}: ${scope.person.label}`,
    scope.partner && `${t('audit.partner')}: ${scope.partner.label}`,
    query.action && `${t('audit.action')}: ${actionWords(t, query.action)}`,
    query.from && `${t('audit.from')}: ${query.from}`,
    query.until && `${t('audit.until')}: ${query.until}`,
  ].filter((one) => one !== undefined && one !== '');
  const filters = (['person', 'partner', 'action', 'from', 'until'] as const).map(
    (name) => query[name] !== undefined && html`<input type="hidden" name="${name}" value="${query[name]}">`,
  );
  const button = (format: 'jsonl' | 'csv' | 'semicolons') =>
    html`<button type="submit" name="format" value="${format}" class="button ${format === 'csv' ? 'primary' : 'quiet'}">${t(`audit.export.${format}`)}</button>`;
  return consolePage(view, {
    title: t('audit.export.title'),
    part: 'audit',
    above: { href: auditPath(PATH, query), label: t('console.audit') },
    narrow: true,
    body: html`<p class="lead">${t('audit.export.lead')}</p>
<p>${t('audit.export.filter')}: ${said.length === 0 ? t('audit.export.everything') : said.join(', ')}</p>
${form(view, `${PATH}/export`, html`${filters}<div class="actions">${button('csv')}${button('semicolons')}${button('jsonl')}</div>`)}`,
  });
}
