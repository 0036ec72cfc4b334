import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRefusal } from '#core/values/result.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { act, type Drawn } from '../act.ts';
import { endTrustOfAll } from '../trust.ts';

/** The partner allows trusted devices, or no longer does. */
const allow = act({
  name: 'allow trusted devices',
  args: fc.record({ allowed: fc.constantFrom(true, true, true, false) }),
  async run(model, real, { allowed, node }) {
    const changed = await changeTrustedDevices(real.world(node).env, 'command_line', model.partner.id, allowed);
    assert(!isRefusal(changed));
    if (!allowed) endTrustOfAll(model);
    const isNews = model.trust.isAllowed !== allowed;
    model.trust.isAllowed = allowed;
    return isNews ? ['partner.trusted_devices_changed'] : [];
  },
});

/** The cookie of one browser is copied into the other. */
const copy = act({
  name: 'copy the cookie of trusted devices',
  args: fc.record({ from: fc.constantFrom(0, 1) }),
  check: ({ browsers }, { from }) => browsers[from]?.trust !== undefined,
  async run({ browsers }, _real, { from }) {
    const [source, target] = [browsers[from], browsers[1 - from]];
    assert(source && target);
    target.trust = source.trust;
    return [];
  },
});

export const TRUST_ACTS: readonly Drawn[] = [
  { weight: 4, arbitrary: allow },
  { weight: 1, arbitrary: copy },
];
