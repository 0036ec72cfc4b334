import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { consolePage, type Done, errorAt, type Refused } from '#features/console/frame-page.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { choices } from './api-keys-page.ts';

const WEBHOOKS = '/console/webhooks';

type ShownWebhook = {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly disabledAt: number | undefined;
  readonly disabledBecause: 'by_staff' | 'failing' | undefined;
  readonly failingSince: number | undefined;
};

type ShownDelivery = {
  readonly id: string;
  readonly type: string;
  readonly created_at: number;
  readonly tries: number;
  readonly delivered_at: number | null;
  readonly dead_at: number | null;
  readonly last_fault: string | null;
};

export function webhooksPage(view: View, list: readonly ShownWebhook[], done?: Done): Html {
  const { t } = view;
  return consolePage(view, {
    title: t('console.webhooks'),
    part: 'webhooks',
    done,
    body: html`<div class="actions">${linkButton(`${WEBHOOKS}/new`, t('webhooks.add'), 'primary')}</div>
${grid({
  caption: t('console.webhooks'),
  isShort: true,
  columns: [
    { label: t('webhooks.url'), phone: 'head' },
    { label: t('webhooks.events'), phone: 'none' },
    { label: t('people.state') },
  ],
  rows: list.map((one) => [
    html`<a class="anywhere" href="${WEBHOOKS}/${one.id}">${one.url}</a>`,
    eventsOf(one),
    stateOf(view, one),
  ]),
  empty: html`<p>${t('webhooks.none')}</p>`,
})}`,
  });
}

function eventsOf({ events }: ShownWebhook): Html {
  return html`<span class="terms">${events.map((event) => html`<code>${event}</code> `)}</span>`;
}

function stateOf({ t, locale }: View, { disabledAt, disabledBecause, failingSince }: ShownWebhook): Content {
  if (disabledAt !== undefined) {
    const why = disabledBecause === 'failing' && html`<br><span class="hint own">${t('webhooks.gaveUp')}</span>`;
    return html`${state(t('webhooks.disabled'), false)} ${timeElement(disabledAt, locale)}${why}`;
  }
  if (failingSince === undefined) return state(t('webhooks.active'), true);
  return html`${state(t('webhooks.failing'), false)} ${timeElement(failingSince, locale)}`;
}

type OnePage = {
  readonly webhook: ShownWebhook;
  readonly deliveries: readonly ShownDelivery[];
  readonly done?: Done | undefined;
  readonly refusal?: Refused | undefined;
};

/** One webhook: its state, its last deliveries, and the possible acts. */
export function webhookPage(view: View, { webhook, deliveries, done, refusal }: OnePage): Html {
  const { t, locale } = view;
  const path = `${WEBHOOKS}/${webhook.id}`;
  return consolePage(view, {
    title: t('webhooks.one'),
    part: 'webhooks',
    done,
    refusal,
    above: { href: WEBHOOKS, label: t('console.webhooks') },
    body: html`${dataList([
      { label: t('webhooks.url'), value: html`<span class="anywhere">${webhook.url}</span>` },
      { label: t('webhooks.events'), value: eventsOf(webhook) },
      { label: t('people.state'), value: stateOf(view, webhook) },
    ])}
<section><h2>${t('webhooks.deliveries')}</h2>${grid({
      caption: t('webhooks.deliveries'),
      columns: [t('trail.at'), t('webhooks.events'), t('people.state'), ''].map((label) => ({ label })),
      rows: deliveries.map((one) => [
        timeElement(one.created_at, locale),
        html`<code>${one.type}</code>`,
        deliveryState(view, one),
        webhook.disabledAt === undefined &&
          (one.delivered_at !== null || one.dead_at !== null) &&
          form(view, `${path}/replay/${one.id}`, replayButton(view, one)),
      ]),
      empty: html`<p>${t('webhooks.toldNothing')}</p>`,
    })}</section>
<section class="apart"><h2>${t('person.acts')}</h2>${actions(
      linkButton(`${path}/rotate`, t('webhooks.rotate')),
      webhook.disabledAt === undefined
        ? linkButton(`${path}/disable`, t('webhooks.disable'), 'danger')
        : linkButton(`${path}/enable`, t('webhooks.enable')),
    )}</section>`,
  });
}

/** The rows have the same text; the label names the event. */
function replayButton({ t }: View, { type }: ShownDelivery): Html {
  const label = t('webhooks.replay.label', { event: type });
  return html`<button type="submit" class="button quiet" aria-label="${label}">${t('webhooks.replay')}</button>`;
}

function deliveryState({ t }: View, { delivered_at, dead_at, tries, last_fault }: ShownDelivery): Content {
  if (delivered_at !== null) return state(t('webhooks.delivered'), true);
  const word = dead_at === null ? t('webhooks.waits', { tries }) : t('webhooks.dead');
  return html`${state(word, false)}${last_fault !== null && html` <code>${last_fault}</code>`}`;
}

type Typed = { readonly url: string; readonly events: readonly string[] };

export function webhookFormPage(view: View, typed: Typed, refusal?: Refused): Html {
  const { t } = view;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  return consolePage(view, {
    title: t('webhooks.add'),
    part: 'webhooks',
    narrow: true,
    refusal,
    above: { href: WEBHOOKS, label: t('console.webhooks') },
    body: html`<p class="lead">${t('webhooks.lead')}</p>
${form(
  view,
  `${WEBHOOKS}/new`,
  html`${textField({
    id: 'url',
    name: 'url',
    label: t('webhooks.url'),
    hint: t('webhooks.url.hint'),
    autocomplete: 'off',
    value: typed.url,
    error: error('url'),
  })}
${choices({
  legend: t('webhooks.events'),
  names: WEBHOOK_EVENTS,
  chosen: typed.events,
  error: error(WEBHOOK_EVENTS[0]),
  hint: (event) => t(`webhooks.event.${event}`),
})}
${actions(submitButton(t('webhooks.add')), linkButton('/console/webhooks', t('button.cancel')))}`,
)}`,
  });
}
