import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test as base } from '@playwright/test';
import { makeClient } from '../../stories/openid/client-story.ts';
import { expect, openSite, pressButton, type Site, watchFaults } from '../world.ts';
import { lookAt, signInAtSallyport } from './portal-world.ts';

type Receiver = { readonly url: string; readonly received: URLSearchParams[] };

/** A portal that receives the answer as a form. */
const test = base.extend<{ receiver: Receiver; site: Site; address: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  receiver: async ({}, use) => {
    const received: URLSearchParams[] = [];
    const server = await startReceiver(received);
    await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received });
    server.close();
    server.closeAllConnections();
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  site: async ({}, use) => {
    const cleanups: (() => unknown)[] = [];
    const site = await openSite({ after: (work) => void cleanups.push(work) });
    await use(site);
    for (const work of cleanups.reverse()) await work();
  },
  address: async ({ site, receiver, context }, use) => {
    const faults = watchFaults(context, () => [site.origin, receiver.url]);
    const redirectUri = `${receiver.url}/callback`;
    const { client } = await makeClient(site.world.env, { redirectUris: [redirectUri] });
    const asked = {
      ...{ client_id: client.id, redirect_uri: redirectUri, response_type: 'code', response_mode: 'form_post' },
      ...{ scope: 'openid', state: 'a"&<b>', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
    };
    await use(`${site.origin}/oidc/authorize?${new URLSearchParams(asked)}`);
    expect(faults).toEqual([]);
  },
});

function startReceiver(received: URLSearchParams[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method === 'POST') received.push(new URLSearchParams(body));
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Portal</title><h1>The portal</h1>');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

test('where scripts run the form is sent by itself, once', async ({ page, site, receiver, address }) => {
  const { email } = await site.newPerson({ policy: 'off' });
  const answers: string[] = [];
  page.on('response', async (response) => {
    if (response.url().startsWith(`${site.origin}/oidc/continue/`) && response.status() === 200)
      answers.push((await response.allHeaders())['content-security-policy'] ?? '');
  });
  await page.goto(address);
  await signInAtSallyport(page, email);
  await expect(page.getByRole('heading')).toHaveText('The portal');
  expect(page.url()).toBe(`${receiver.url}/callback`);
  expect(receiver.received.map((fields) => [...fields.keys()].sort())).toEqual([['code', 'iss', 'state']]);
  expect(receiver.received[0]?.get('state')).toBe('a"&<b>');
  expect(answers).toEqual([expect.stringMatching(new RegExp(`form-action 'self' ${receiver.url}(;|$)`))]);
  expect(answers[0]).not.toContain('unsafe');
  await page.goBack();
  expect(page.url()).not.toContain('chrome-error');
});

for (const width of [320, 1280]) {
  test.describe(`without scripts at ${width} px`, () => {
    test.use({ javaScriptEnabled: false, viewport: { width, height: 800 } });

    test('there is a button', async ({ page, site, receiver, address }) => {
      const { email } = await site.newPerson({ policy: 'off' });
      await page.goto(address);
      await signInAtSallyport(page, email);
      await lookAt(page, 'Back to the application', false);
      expect(receiver.received).toEqual([]);
      await pressButton(page, 'Continue');
      await expect(page.getByRole('heading')).toHaveText('The portal');
      expect(receiver.received.map((fields) => fields.get('state'))).toEqual(['a"&<b>']);
    });
  });
}
