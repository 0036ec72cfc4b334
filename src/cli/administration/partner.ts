import { command, isMisuse, JSON_OPTION, type Misuse } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { readBegin } from '#cli/typed-time.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal } from '#core/values/result.ts';
import { addPartner, changeMfaPolicy, type MfaChoice } from '#flows/administration/partner-acts.ts';
import { listPartners } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { partnerRecord } from '#wire/records.ts';
import { changeByFile } from './partner-file.ts';

const POLICIES = ['off', 'optional', 'required'] as const;

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
  summary: 'Says what the people of a partner are asked for, and ends what the new policy forbids.',
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

export const commands = [add, list, mfa];

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
