import { consolePage } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { dataList, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { Chain, LastVerified } from './chain.ts';

const VERIFY = '/console/audit/verify';

/** Above the events: whether the log was verified, and the way to the rest, which is below them. */
export function chainLine({ t, locale }: View, { verified }: Chain): Html {
  const said = verified
    ? html`${timeElement(verified.at, locale)}, ${verified.isIntact ? t('audit.chain.intact') : html`<strong>${t('audit.chain.broken')}</strong>`}`
    : t('audit.chain.notYet');
  return html`<p class="hint">${t('audit.chain.verified')}: ${said} · <a href="#chain">${t('audit.chain')}</a></p>`;
}

/** The state of the chain that seals the log, the last verification, and the button for another one. */
export function chainSection(view: View, chain: Chain): Html {
  const { t } = view;
  return html`<section class="apart" id="chain"><h2>${t('audit.chain')}</h2>${chainList(view, chain)}
<div class="actions">${linkButton(VERIFY, t('audit.verify'))}</div><p class="hint">${t('audit.chain.how')}</p></section>`;
}

function chainList(view: View, { end, unsealed, verified }: Chain): Html {
  const { t, locale } = view;
  return dataList([
    {
      label: t('audit.chain.sealed'),
      value: end
        ? html`${timeElement(end.sealedAt, locale)}, ${t('audit.chain.batch', { number: end.number })}`
        : t('audit.chain.never'),
    },
    { label: t('audit.chain.tail'), value: t('audit.chain.tail.count', { count: unsealed }) },
    {
      label: t('audit.chain.verified'),
      value: verified ? verifiedValue(view, verified) : t('audit.chain.notYet'),
    },
    ...(end ? [{ label: t('audit.chain.head'), value: html`<code class="anywhere">${end.head}</code>` }] : []),
  ]);
}

/** The result, then how much was checked, up to which event, and how long it took. */
function verifiedValue(view: View, verified: LastVerified): Html {
  const { t, locale } = view;
  const { at, by, isIntact, problems, firstBatch } = verified;
  const result = isIntact
    ? state(t('audit.chain.intact'), 'on')
    : html`<strong>${t('audit.chain.broken')}</strong>${problems !== undefined && html`: ${t('audit.chain.problems', { count: problems })}`}${firstBatch !== undefined && html`, ${t('audit.chain.firstProblem', { number: firstBatch })}`}`;
  const who = by === 'command_line' ? t('audit.chain.byCommand') : by;
  return html`${result}<br>${timeElement(at, locale)}${who !== undefined && html`, ${who}`}<br><span class="hint">${extentOf(view, verified)}</span>`;
}

function extentOf({ t, locale }: View, { events, fromBatch, untilEvent, milliseconds }: LastVerified): Html {
  if (events === undefined) return html``;
  const seconds = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format((milliseconds ?? 0) / 1000);
  const range = fromBatch === undefined ? t('audit.chain.whole') : t('audit.chain.part', { number: fromBatch });
  const until =
    untilEvent !== undefined && html` ${t('audit.chain.until')} <code class="anywhere">${untilEvent}</code>.`;
  const took = milliseconds !== undefined && ` ${t('audit.chain.took', { seconds })}`;
  return html`${t('audit.chain.checked', { events })} ${range}${until}${took}`;
}

/** What the button will check, and what only the command does. */
export function verifyPage(view: View, most: { readonly events: number; readonly batches: number }): Html {
  const { t } = view;
  return consolePage(view, {
    title: t('audit.verify.title'),
    part: 'audit',
    above: { href: '/console/audit#chain', label: t('console.audit') },
    narrow: true,
    body: html`<p class="lead">${t('audit.verify.lead')}</p>
<p>${t('audit.verify.extent', most)}</p>
<p>${t('audit.chain.how')}</p>
${form(view, VERIFY, html`<div class="actions">${submitButton(t('audit.verify.do'))}${linkButton('/console/audit#chain', t('button.cancel'))}</div>`)}`,
  });
}
