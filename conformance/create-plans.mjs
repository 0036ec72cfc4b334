// @ts-check
// Creates the plans of plan.json in a running conformance suite and prints where to run each. README.md says how.
import { readFileSync } from 'node:fs';

const SUITE = process.env.CONFORMANCE_SERVER ?? 'https://localhost.emobix.co.uk:8443/';
const text = readFileSync(new URL('plan.json', import.meta.url), 'utf8');
const names = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name));
const missing = [...names].filter((name) => !process.env[name]);
if (missing.length > 0) {
  console.error(`Set ${missing.join(', ')}: conformance/README.md says to what.`);
  process.exit(2);
}
const { config, plans } = JSON.parse(text, (_, value) =>
  typeof value === 'string' ? value.replace(/\$\{(\w+)\}/g, (_all, name) => process.env[name] ?? '') : value,
);
for (const { name, variant } of plans) {
  const url = new URL('api/plan', SUITE);
  url.search = new URLSearchParams({ planName: name, variant: JSON.stringify(variant) }).toString();
  const token = process.env.CONFORMANCE_TOKEN;
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(config) });
  if (answer.status !== 201) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  const { id } = Object(await answer.json());
  console.log(`${name}\n  ${new URL(`plan-detail.html?plan=${id}`, SUITE)}`);
}
