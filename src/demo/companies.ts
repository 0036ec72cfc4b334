import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { plainWord } from './names.ts';
import type { MadePartner } from './people.ts';

type Company = {
  readonly name: string;
  readonly policy: 'off' | 'optional' | 'required';
  /** The number of days until MFA is required. Negative: days since then. */
  readonly inDays?: number;
  readonly people: number;
  readonly adoption: number;
};

/** The first one is the newcomer's partner, the second one is the printed manager's. */
export const COMPANIES: readonly Company[] = [
  { name: 'Acme Telecom', policy: 'required', inDays: -9, people: 6, adoption: 0 },
  { name: 'Nordlicht Logistics', policy: 'required', inDays: -60, people: 34, adoption: 0.8 },
  { name: 'Isar Optik', policy: 'required', inDays: -80, people: 18, adoption: 1 },
  { name: 'Pinnacle Steel', policy: 'required', inDays: -41, people: 27, adoption: 0.93 },
  { name: 'Meridian Insurance', policy: 'required', inDays: -16, people: 38, adoption: 0.86 },
  { name: 'Cobalt Energy', policy: 'required', inDays: 12, people: 25, adoption: 0.7 },
  { name: 'Fjord Medical', policy: 'required', inDays: 40, people: 19, adoption: 0.5 },
  { name: 'Kestrel Mobility', policy: 'required', inDays: 75, people: 31, adoption: 0.3 },
  { name: 'Juniper Foods', policy: 'optional', people: 22, adoption: 0.4 },
  { name: 'Vantage Retail', policy: 'optional', people: 12, adoption: 0.2 },
  { name: 'Lumen Packaging', policy: 'off', people: 9, adoption: 0.1 },
  { name: 'Umbra Textil', policy: 'off', people: 5, adoption: 0 },
];

export function makePartner(env: Env, { name, policy, inDays, adoption }: Company, now: number): MadePartner {
  const today = now - (now % DAY_SECONDS);
  return {
    adoption,
    row: {
      id: env.newId(),
      slug: plainWord(name),
      name,
      mfa_policy: policy,
      // At 12:00 UTC the day has begun everywhere on earth.
      mfa_required_from: inDays === undefined ? null : today + (inDays + 0.5) * DAY_SECONDS,
      created_at: now - 400 * DAY_SECONDS,
    },
  };
}
