import type { Env } from '#env.ts';
import type { ProxyWatch } from './house.ts';

export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] };

/** Whether requests can be served; the reasons also carry what does not stop it but wants to be looked at. */
export async function readiness(env: Env, proxies: ProxyWatch): Promise<Readiness> {
  const troubles = [await storageTrouble(env), keyTrouble(env)].filter((reason) => reason !== undefined);
  const warnings = proxies.forwardedHeaderIgnored ? ['forwarded_header_ignored'] : [];
  return { ready: troubles.length === 0, reasons: [...troubles, ...warnings] };
}

async function storageTrouble(env: Env): Promise<string | undefined> {
  try {
    return await env.db.problem();
  } catch (error) {
    env.log.error({ err: error }, 'the database could not be asked');
    return 'storage_unavailable';
  }
}

/** The key ring answers: without it no code can be checked and no form sent. */
function keyTrouble(env: Env): string | undefined {
  try {
    return env.keys.mac('form', '').length > 0 ? undefined : 'keys_unavailable';
  } catch {
    return 'keys_unavailable';
  }
}
