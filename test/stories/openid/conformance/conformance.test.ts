import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ORIGIN } from '../../../world.ts';
import { openStory } from '../openid-story.ts';
import { discovered } from './plan.ts';

describe('oidcc-config-certification-test-plan', () => {
  test('oidcc-discovery-endpoint-verification', async (t) => {
    const { world } = await openStory(t);
    const server = await discovered(world);
    assert.equal(server.issuer, ORIGIN);
    assert.deepEqual(server.response_types_supported, ['code']);
    assert.deepEqual(server.subject_types_supported, ['public']);
    assert.deepEqual(server.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(server.id_token_signing_alg_values_supported?.toSorted(), ['ES256', 'RS256']);
    assert.equal(server.authorization_response_iss_parameter_supported, true);
    assert.equal(server.end_session_endpoint, `${ORIGIN}/oidc/sign-out`);
    assert.equal(server.backchannel_logout_session_supported, true);
    assert.equal(server.claims_parameter_supported, true);
    assert.notEqual(server.request_uri_parameter_supported, true);
  });
});

test('each module of the plans in conformance/plan.json is a test here', () => {
  const path = new URL('../../../../conformance/plan.json', import.meta.url);
  const { plans } = JSON.parse(readFileSync(path, 'utf8'));
  const folder = new URL('.', import.meta.url).pathname;
  const text = globSync(`${folder}*.test.ts`)
    .map((file) => readFileSync(file, 'utf8'))
    .join('');
  for (const { name, modules } of plans) {
    assert.ok(text.includes(`describe('${name}'`), name);
    for (const module of modules) assert.match(text, new RegExp(`test\\('${module}['.:]`), module);
  }
});
