import { z } from 'zod';
import { isRefusal } from '#core/result.ts';
import { WEBHOOK_EVENTS } from '#core/webhook.ts';
import {
  addWebhook,
  type MadeWebhook,
  replay,
  resumeWebhook,
  rotateWebhookSecret,
  stopWebhook,
} from '#flows/webhooks.ts';
import { showRefusal } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import type { View } from '#http/view.ts';
import { findDelivery, listDeliveries } from '#store/webhook-deliveries.ts';
import { findWebhook, listWebhooks } from '#store/webhooks.ts';
import { refusedWords } from './frame-page.ts';
import { questionPage } from './partner-page.ts';
import { secretPage } from './secret-page.ts';
import { actorOf, doneOf, missing } from './shared-routes.ts';
import { webhookFormPage, webhookPage, webhooksPage } from './webhooks-page.ts';

const WEBHOOKS = '/console/webhooks';
const ONE = `${WEBHOOKS}/:webhook`;
const DELIVERIES_SHOWN = 50;

// One field for each event: a form of ours sends no field twice.
const webhookForm = z.record(z.string(), z.string());

const NOTHING_TYPED = { url: '', events: WEBHOOK_EVENTS };

type AdminCall = PageCall<'staffAdminSteppedUp'>;

export const webhookRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: WEBHOOKS,
    guard: 'staffAdmin',
    handle: async ({ env, view, query }) => show(webhooksPage(view, await listWebhooks(env.db.read), doneOf(query))),
  }),
  page({
    method: 'GET',
    path: `${WEBHOOKS}/new`,
    guard: 'staffAdminSteppedUp',
    handle: ({ view }) => show(webhookFormPage(view, view.kept ? typedOf(view.kept) : NOTHING_TYPED)),
  }),
  page({
    method: 'POST',
    path: `${WEBHOOKS}/new`,
    guard: 'staffAdminSteppedUp',
    form: webhookForm,
    keeps: ['url', ...WEBHOOK_EVENTS],
    handle: submitNew,
  }),
  page({ method: 'GET', path: ONE, guard: 'staffAdmin', handle: showOne }),
  ...act('disable', async (call, id) => {
    const outcome = await stopWebhook(call.env, actorOf(call), id);
    return isRefusal(outcome) ? missing(call.view) : seeOther(`${WEBHOOKS}/${id}?done=disabled`);
  }),
  ...act('enable', async (call, id) => {
    const outcome = await resumeWebhook(call.env, actorOf(call), id);
    return isRefusal(outcome) ? missing(call.view) : seeOther(`${WEBHOOKS}/${id}?done=enabled`);
  }),
  ...act('rotate', async (call, id) => {
    const outcome = await rotateWebhookSecret(call.env, actorOf(call), id);
    return isRefusal(outcome) ? missing(call.view) : shownSecret(call.view, outcome);
  }),
  page({
    method: 'POST',
    path: `${ONE}/replay/:delivery`,
    guard: 'staffAdminSteppedUp',
    async handle(call) {
      const { webhook = '', delivery = '' } = call.params;
      const found = await findDelivery(call.env.db.read, delivery);
      if (found?.webhook_id !== webhook) return missing(call.view);
      await replay(call.env, actorOf(call), delivery);
      return seeOther(`${WEBHOOKS}/${webhook}?done=replayed`);
    },
  }),
];

/** An act on a webhook: the page that says what it does, and its button. */
function act(
  name: 'disable' | 'enable' | 'rotate',
  work: (call: AdminCall, id: string) => Promise<Reply>,
): readonly Route[] {
  const [path, guard] = [`${ONE}/${name}`, 'staffAdminSteppedUp'] as const;
  return [
    page({
      ...{ method: 'GET', path, guard },
      async handle({ env, view, params }) {
        const webhook = await findWebhook(env.db.read, params.webhook ?? '');
        if (!webhook) return missing(view);
        const title = view.t(`webhooks.${name}`);
        const above = { href: `${WEBHOOKS}/${webhook.id}`, label: webhook.url };
        const text = view.t(`webhooks.${name}.text`);
        const action = `${above.href}/${name}`;
        const isGrave = name === 'disable';
        return show(questionPage(view, { title, text, action, above, button: title, isGrave, part: 'webhooks' }));
      },
    }),
    page({ ...{ method: 'POST', path, guard }, handle: (call) => work(call, call.params.webhook ?? '') }),
  ];
}

function typedOf(fields: z.output<typeof webhookForm>) {
  return { url: fields.url ?? '', events: WEBHOOK_EVENTS.filter((event) => fields[event] === 'yes') };
}

async function submitNew(call: PageCall<'staffAdminSteppedUp', z.output<typeof webhookForm>>): Promise<Reply> {
  const { env, view, input } = call;
  const typed = typedOf(input);
  const made = await addWebhook(env, actorOf(call), { ...typed, url: typed.url.trim() });
  if (!isRefusal(made)) return shownSecret(view, made);
  return showRefusal(webhookFormPage(view, typed, refusedWords(view, made)), made);
}

/** Drawn in the answer to the form itself: the secret is in no address, and nowhere a second time. */
function shownSecret(view: View, { webhook, secret }: MadeWebhook): Reply {
  const { t } = view;
  const above = { href: `${WEBHOOKS}/${webhook.id}`, label: t('webhooks.back') };
  return show(secretPage(view, { title: t('webhooks.secret'), part: 'webhooks', text: webhook.url, secret, above }));
}

async function showOne({ env, view, params, query }: PageCall<'staffAdmin'>): Promise<Reply> {
  const webhook = await findWebhook(env.db.read, params.webhook ?? '');
  if (!webhook) return missing(view);
  const deliveries = await listDeliveries(env.db.read, webhook.id, DELIVERIES_SHOWN);
  return show(webhookPage(view, { webhook, deliveries, done: doneOf(query) }));
}
