import { clientConfiguration } from '#core/portals/client-settings.ts';
import { consolePage, type Done, type Refused } from '#features/console/frame-page.ts';
import { actions, copyButton, linkButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { secretPage } from './secret-page.ts';

const CLIENTS = '/console/clients';

type ShownClient = {
  readonly id: string;
  readonly name: string;
  readonly type: 'web' | 'browser';
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | undefined;
  readonly isThirdParty: boolean;
  readonly secretHash: string | undefined;
  readonly idTokenAlg: string;
  readonly partners: readonly { readonly id: string; readonly name: string }[];
  readonly disabledAt: number | undefined;
  readonly lastUsedAt: number | undefined;
};

export function clientsPage(view: View, clients: readonly ShownClient[], done?: Done): Html {
  const { t } = view;
  return consolePage(view, {
    title: t('console.clients'),
    part: 'clients',
    done,
    body: html`<div class="actions">${linkButton(`${CLIENTS}/new`, t('clients.add'), 'primary')}</div>
${grid({
  caption: t('console.clients'),
  isShort: true,
  columns: [
    { label: t('people.name'), phone: 'head' },
    { label: t('clients.for') },
    { label: t('people.state'), phone: 'end' },
    { label: t('apiKeys.used'), phone: 'said' },
  ],
  rows: clients.map((one) => [
    html`<a class="anywhere" href="${CLIENTS}/${one.id}">${one.name}</a>`,
    html`<span class="anywhere">${forWhom(view, one)}</span>`,
    stateOf(view, one, true),
    usedOf(view, one),
  ]),
  empty: html`<p>${t('clients.none')}</p>`,
})}`,
  });
}

type OnePage = {
  readonly client: ShownClient;
  readonly done?: Done | undefined;
  readonly refusal?: Refused | undefined;
};

/** One client: its rights, its settings, and the possible acts. */
export function clientPage(view: View, { client, done, refusal }: OnePage): Html {
  const { t } = view;
  const path = `${CLIENTS}/${client.id}`;
  return consolePage(view, {
    title: client.name,
    part: 'clients',
    done,
    refusal,
    above: { href: CLIENTS, label: t('console.clients') },
    body: html`${dataList(factsOf(view, client))}
<section><h2>${t('clients.configuration')}</h2><p>${t('clients.configuration.text', { name: client.name })}</p>
${configurationBlock(view, { clientId: client.id, redirectUri: client.redirectUris[0] })}</section>
<section class="apart"><h2>${t('person.acts')}</h2>${actions(
      client.secretHash !== undefined && linkButton(`${path}/new-secret`, t('clients.new-secret')),
      client.disabledAt === undefined
        ? linkButton(`${path}/disable`, t('clients.disable'), 'danger')
        : linkButton(`${path}/enable`, t('clients.enable')),
    )}</section>`,
  });
}

type MadeSecret = {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly redirectUri: string | undefined;
};

/** The secret of a client, alone and inside the settings block. */
export function clientSecretPage(
  view: View,
  made: MadeSecret,
  { href, action }: { href: string; action: string },
): Html {
  const { t } = view;
  const { id, name, secret, redirectUri } = made;
  const block = configurationBlock(view, { clientId: id, secret, redirectUri });
  return secretPage(view, {
    title: t('clients.made'),
    text: t('clients.made.text', { name }),
    part: 'clients',
    secret,
    action,
    above: { href, label: name },
    also: html`<h2>${t('clients.configuration')}</h2>${block}`,
  });
}

type Configured = { readonly clientId: string; readonly secret?: string; readonly redirectUri: string | undefined };

/** The settings that the portal needs, ready to copy. */
function configurationBlock({ t, config }: View, configured: Configured): Html {
  const text = clientConfiguration({ issuer: config.publicUrl.origin, ...configured }).join('\n');
  return html`<pre class="settings" translate="no"><code>${text}</code></pre>
${actions(copyButton({ text, label: t('setUp.copy'), copiedLabel: t('setUp.copied') }))}`;
}

function factsOf(view: View, client: ShownClient) {
  const { t } = view;
  const { redirectUris, postLogoutRedirectUris: afterwards, backchannelLogoutUri: logoutUri } = client;
  return [
    { label: t('people.state'), value: stateOf(view, client) },
    { label: t('apiKeys.used'), value: usedOf(view, client) },
    { label: t('clients.for'), value: forWhom(view, client) },
    { label: t('clients.sees'), value: t(client.isThirdParty ? 'clients.sees.agreed' : 'clients.sees.all') },
    { label: t('clients.proof'), value: t(`clients.proof.${proofOf(client)}`) },
    { label: t('clients.alg'), value: client.idTokenAlg },
    { label: t('clients.redirectUris'), value: lines(redirectUris) },
    ...(afterwards.length > 0 ? [{ label: t('clients.postLogoutUris'), value: lines(afterwards) }] : []),
    ...(logoutUri === undefined ? [] : [{ label: t('clients.backchannel'), value: lines([logoutUri]) }]),
  ];
}

function proofOf({ type, secretHash }: ShownClient): 'none' | 'secret' | 'keys' {
  if (type === 'browser') return 'none';
  return secretHash === undefined ? 'keys' : 'secret';
}

function lines(texts: readonly string[]): Html {
  return html`${texts.map((text, index) => html`${index > 0 && html`<br>`}<span class="anywhere">${text}</span>`)}`;
}

function forWhom({ t }: View, { partners }: ShownClient): Content {
  if (partners.length === 0) return t('clients.for.all');
  return html`${partners.map(
    ({ id, name }, index) => html`${index > 0 && ', '}<a href="/console/partners/${id}">${name}</a>`,
  )}`;
}

/** The list leaves the date out on a phone. */
function stateOf({ t, locale }: View, { disabledAt }: ShownClient, isListed = false): Content {
  if (disabledAt === undefined) return state(t('clients.active'), true);
  return html`${state(t('clients.disabled'), false)} <span${isListed && html` class="own"`}>${timeElement(disabledAt, locale)}</span>`;
}

function usedOf({ t, locale }: View, { lastUsedAt }: ShownClient): Content {
  return lastUsedAt === undefined ? t('people.never') : timeElement(lastUsedAt, locale);
}
