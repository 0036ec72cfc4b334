import { command, isMisuse, JSON_OPTION, type Misuse } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { readBegin } from '#cli/typed-time.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal } from '#core/values/result.ts';
import { addPartner, changeMfaPolicy, type MfaChoice } from '#flows/administration/partner-acts.ts';
import { changePasskeyPolicy, type PasskeyChoice } from '#flows/authenticators/passkey-policy.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { findPartnerBySlug, listPartners } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { partnerRecord } from '#wire/records.ts';
import { changeByFile } from './partner-file.ts';
import { look } from './partner-look.ts';

const POLICIES = ['off', 'optional', 'required'] as const;
const PASSKEY_POLICIES = ['off', 'allowed', 'required'] as const;

const add = command({
  words: 'partner add',
  args: ['NAME'],
  options: {
    slug: { value: 'SLUG', about: 'the short name in commands; else made from the name' },
    mfa: { value: 'off|optional|required', about: 'what its people are asked for; else off' },
    'mfa-from': {
      value: 'YYYY-MM-DD',
      about: 'required from that day on (12:00 UTC, when it has begun everywhere), offered until then',
    },
    ...JSON_OPTION,
  },
  summary: 'Adds a partner account.',
  async run({ args, options }) {
    const mfa = readChoice(options.mfa ?? 'off', options['mfa-from'], '--mfa-from', '--mfa required');
    if (isMisuse(mfa)) return mfa;
    return withEnv(async (env) => {
      const partner = await addPartner(env, ACTOR, { name: args.NAME, slug: options.slug, mfa });
      if (isRefusal(partner)) return partner;
      return {
        data: partnerRecord(partner),
        lines: [`Added ${partner.name} as ${partner.slug}: ${policyText(partner)}.`],
      };
    });
  },
});

const list = command({
  words: 'partner list',
  args: [],
  options: JSON_OPTION,
  summary: 'Lists the partner accounts.',
  run: () =>
    withEnv(async (env) => {
      const partners = await listPartners(env.db.read);
      const rows = partners.map((partner) => [
        ...[partner.slug, partner.name, policyText(partner)],
        partner.trustedDevices ? 'trusted devices allowed' : '',
        partner.archivedAt === undefined ? '' : `archived ${instant(partner.archivedAt)}`,
      ]);
      return { data: partners.map(partnerRecord), lines: columns(rows) };
    }),
});

const mfa = command({
  words: 'partner mfa',
  args: ['SLUG', 'off|optional|required'],
  argsUnless: 'file',
  options: {
    file: { value: 'FILE', about: 'a CSV of slug,policy,from instead: many partners at once, up to 10,000 rows' },
    'dry-run': { about: 'with --file: check every row and change nothing' },
    reason: { value: 'TEXT', about: 'with --file: why; kept in the audit log' },
    from: {
      value: 'YYYY-MM-DD',
      about: 'required from that day on (12:00 UTC, when it has begun everywhere), offered until then',
    },
    ...JSON_OPTION,
  },
  summary: 'Sets the MFA policy of a partner, and ends sessions that the new policy forbids.',
  async run({ args, options }) {
    if (options.file !== undefined) return changeByFile({ ...options, file: options.file });
    if (options['dry-run'] || options.reason !== undefined) return { misuse: '--dry-run and --reason go with --file' };
    const choice = readChoice(args['off|optional|required'], options.from, '--from', 'required');
    if (isMisuse(choice)) return choice;
    return withEnv(async (env) => {
      const change = await changeMfaPolicy(env, ACTOR, args.SLUG, choice);
      if (isRefusal(change)) return change;
      const { partner, sessions, signIns } = change;
      return {
        data: { ...partnerRecord(partner), ended: { sessions, signIns } },
        lines: [
          `${partner.name}: ${policyText(partner)}.`,
          `Ended without a second factor: sessions ${sessions}, unfinished sign-ins ${signIns}.`,
        ],
      };
    });
  },
});

const passkeys = command({
  words: 'partner passkeys',
  args: ['SLUG', 'off|allowed|required'],
  options: {
    from: { value: 'YYYY-MM-DD', about: 'required from that day on (12:00 UTC), allowed until then' },
    ...JSON_OPTION,
  },
  summary: 'Sets whether passkeys are off, allowed or required for the people of a partner.',
  async run({ args, options }) {
    const choice = readPasskeyChoice(args['off|allowed|required'], options.from);
    if (isMisuse(choice)) return choice;
    return withEnv(async (env) => {
      const found = await findPartnerBySlug(env.db.read, args.SLUG);
      const change = await changePasskeyPolicy(env, ACTOR, found?.id ?? '', choice);
      if (isRefusal(change)) return change;
      const { partner, sessions } = change;
      return {
        data: { ...partnerRecord(partner), ended: { sessions } },
        lines: [`${partner.name}: passkeys ${passkeyText(partner)}.`, `Ended without a passkey: sessions ${sessions}.`],
      };
    });
  },
});

const trustedDevices = command({
  words: 'partner trusted-devices',
  args: ['SLUG', 'on|off'],
  options: JSON_OPTION,
  summary: 'Sets whether the people of a partner can trust a device for 30 days; off removes trusted devices.',
  async run({ args }) {
    const choice = args['on|off'];
    if (choice !== 'on' && choice !== 'off') return { misuse: 'trusted devices are either on or off' };
    return withEnv(async (env) => {
      const found = await findPartnerBySlug(env.db.read, args.SLUG);
      const change = await changeTrustedDevices(env, ACTOR, found?.id ?? '', choice === 'on');
      if (isRefusal(change)) return change;
      const { partner, devices, sessions } = change;
      return {
        data: { ...partnerRecord(partner), ended: { trustedDevices: devices, sessions } },
        lines: [
          `${partner.name}: trusted devices ${partner.trustedDevices ? 'allowed' : 'not allowed'}.`,
          `Ended: trusted devices ${devices}, sessions that they had opened ${sessions}.`,
        ],
      };
    });
  },
});

export const commands = [add, list, mfa, passkeys, trustedDevices, look];

function readPasskeyChoice(policy: string, from: string | undefined): PasskeyChoice | Misuse {
  const known = PASSKEY_POLICIES.find((name) => name === policy);
  if (known === undefined) return { misuse: `passkeys must be one of ${PASSKEY_POLICIES.join(', ')}` };
  if (from === undefined) return { policy: known };
  if (known !== 'required') return { misuse: '--from goes only with required' };
  const requiredFrom = readBegin('--from', from);
  return isMisuse(requiredFrom) ? requiredFrom : { policy: known, requiredFrom };
}

function passkeyText({ passkeyPolicy = 'allowed', passkeyRequiredFrom }: Partner): string {
  if (passkeyPolicy !== 'required') return passkeyPolicy === 'off' ? 'not allowed' : 'allowed';
  return passkeyRequiredFrom === undefined ? 'required now' : `required from ${instant(passkeyRequiredFrom)}`;
}

function readChoice(policy: string, from: string | undefined, option: string, needs: string): MfaChoice | Misuse {
  const known = POLICIES.find((name) => name === policy);
  if (known === undefined) return { misuse: `the policy must be one of ${POLICIES.join(', ')}` };
  if (from === undefined) return { policy: known };
  if (known !== 'required') return { misuse: `${option} goes only with ${needs}` };
  const requiredFrom = readBegin(option, from);
  return isMisuse(requiredFrom) ? requiredFrom : { policy: known, requiredFrom };
}

function policyText({ policy, requiredFrom }: Partner): string {
  if (policy !== 'required') return `MFA ${policy}`;
  return requiredFrom === undefined ? 'MFA required now' : `MFA required from ${instant(requiredFrom)}`;
}
