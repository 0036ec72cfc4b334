import assert from 'node:assert/strict';
import { SCRIPT } from '../stories/forward-auth/forward-auth-story.ts';
import type { Model } from './model.ts';
import { askAs, CHECK, onHost, redemption, userInfo } from './portal-real.ts';
import { isLetIn, isLiveToken, personOf } from './portals.ts';
import type { NodeIndex, Real } from './real.ts';
import type { SiteCookie, Token } from './rows.ts';

/** Checks on a node every token and every host cookie that someone holds. Dead ones are checked once. */
export async function agreeOnPortals(model: Model, real: Real, node: NodeIndex, seenDead: Set<string>): Promise<void> {
  const isNews = (value: string, isLive: boolean) => isLive || !seenDead.has(value);
  for (const token of model.portals.tokens) {
    const isLive = isLiveToken(model, token);
    // Reading a code would use it up.
    if (token.kind === 'code' || !isNews(token.value, isLive)) continue;
    if (!isLive) seenDead.add(token.value);
    await agreeOnToken(real, node, token, isLive);
  }
  for (const cookie of model.portals.cookies) {
    const isLive = isLetIn(model, cookie);
    if (!isNews(cookie.value, isLive)) continue;
    if (!isLive) seenDead.add(cookie.value);
    await agreeOnCookie(real, node, cookie, isLive);
  }
}

/** At the end, because it uses codes up: no dead code gives anything. */
export async function agreeOnCodes(model: Model, real: Real): Promise<void> {
  for (const token of model.portals.tokens) {
    const { kind, value, grant } = token;
    if (kind !== 'code' || isLiveToken(model, token)) continue;
    const { status } = await askAs(real, 1, grant.client, { path: '/oidc/token', fields: redemption(value) });
    assert.equal(status, grant.client.isDisabled ? 401 : 400, 'a code that the model does not know gives nothing');
  }
}

async function agreeOnToken(real: Real, node: NodeIndex, token: Token, isLive: boolean): Promise<void> {
  const { kind, value } = token;
  const { status, body } = await askAs(real, node, real.watcher, {
    path: '/oidc/introspect',
    fields: { token: value },
  });
  assert.deepEqual([status, body.active], [200, isLive], `whether a token is active: ${kind}`);
  if (kind !== 'access') return;
  const info = await userInfo(real, node, value);
  const expected = isLive ? [200, personOf(token).id] : [401, undefined];
  assert.deepEqual([info.status, info.body.sub], expected, 'the person of an access token');
}

async function agreeOnCookie(real: Real, node: NodeIndex, cookie: SiteCookie, isLive: boolean): Promise<void> {
  const { host, value, session } = cookie;
  const { status, user } = await onHost(real, node, host, { path: CHECK, cookie: value, headers: SCRIPT });
  const expected = isLive ? [200, session.person.id] : [401, null];
  assert.deepEqual([status, user], expected, `whether a cookie is let in on ${host.host}`);
}
