import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import type { SiteRules } from '#core/portals/forward-auth.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { addSite, removeSite } from '#flows/administration/sites.ts';
import { listSites } from '#store/forward-auth/sites.ts';
import { listPartnerSlugs } from '#store/partners/partners.ts';
import { siteRecord } from '#wire/records.ts';

const ACRS = ['mfa', 'phr'] as const;

const add = command({
  words: 'site add',
  args: ['HOST'],
  options: {
    acr: { value: ACRS.join('|'), about: 'what everybody has to prove there: a second factor, or a passkey' },
    partner: { value: 'SLUG', many: true, about: 'for people of this partner; given again for several, else for all' },
    ...JSON_OPTION,
  },
  summary: 'Protects a host with forward-auth: its proxy can ask who is signed in.',
  async run({ args, options }) {
    const acr = ACRS.find((one) => one === options.acr);
    if (options.acr !== undefined && acr === undefined) return { misuse: `--acr is ${ACRS.join(' or ')}` };
    return withEnv(async (env) => {
      const site = await addSite(env, ACTOR, { host: args.HOST, acr, partners: options.partner });
      if (isRefusal(site)) return site;
      const record = await recordOf(env, site);
      const advice = env.config.trustedProxies > 0 ? [] : [NO_PROXY];
      return {
        data: record,
        lines: [`${record.host} is behind forward-auth, for ${whoLine(record.partners)}.`],
        advice,
      };
    });
  },
});

const NO_PROXY = 'No proxy is trusted yet: set SALLYPORT_TRUSTED_PROXIES for the server, or it answers no proxy.';

const list = command({
  words: 'site list',
  args: [],
  options: JSON_OPTION,
  summary: 'Lists the hosts protected by forward-auth.',
  run: () =>
    withEnv(async (env) => {
      const sites = await listSites(env.db.read);
      const records = await Promise.all(sites.map((site) => recordOf(env, site)));
      const rows = records.map(({ host, acr, partners }) => [host, acr ?? 'any sign-in', whoLine(partners)]);
      return { data: records, lines: columns(rows) };
    }),
});

const remove = command({
  words: 'site remove',
  args: ['HOST'],
  options: JSON_OPTION,
  summary: 'Removes a host: no one gets in there from the next request on.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const removed = await removeSite(env, ACTOR, args.HOST);
      if (isRefusal(removed)) return removed;
      const { host, sessions } = removed;
      const ended = sessions === 1 ? '1 person was' : `${sessions} people were`;
      return { data: removed, lines: [`Removed ${host}. ${ended} signed in there.`] };
    }),
});

export const commands = [add, list, remove];

async function recordOf(env: Env, site: SiteRules) {
  return siteRecord(site, await listPartnerSlugs(env.db.read, site.partnerIds));
}

function whoLine(partners: readonly string[]): string {
  return partners.length === 0 ? 'everybody' : partners.join(', ');
}
