import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Environment } from '#config/environment.ts';
import { ROOT } from '#config/root.ts';
import type { Config } from '#config.ts';
import { greet } from '#mail/smtp.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Files that hold a secret: others of this machine must neither read nor write them. */
export function secretFiles(environment: Environment): Finding[] {
  const named = Object.entries(environment).filter(([name]) => /^SALLYPORT_\w+_FILE$/.test(name) && !/LOGO/.test(name));
  const findings = named.flatMap(([name, path = '']) => secretFile(name, resolve(ROOT, path)));
  return findings.length > 0 ? findings : [ok('secret files', `${named.length} in use, none open to everybody`)];
}

function secretFile(name: string, path: string): Finding[] {
  const mode = modeOf(path);
  if (mode === undefined) {
    return [fail('secret files', `${name}: ${path} cannot be read: give the path of a file that this user may read`)];
  }
  if (mode & 0o022) return [fail('secret files', `${name}: others may write ${path}: chmod 600 ${path}`)];
  return mode & 0o004 ? [warn('secret files', `${name}: everybody may read ${path}: chmod 600 ${path}`)] : [];
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode;
  } catch {
    return undefined;
  }
}

export function proxies({ trustedProxies, publicUrl, host }: Config): Finding[] {
  if (!publicUrl.isHttps) {
    const text = `${publicUrl.origin} is for this machine alone: set SALLYPORT_PUBLIC_URL to https before others come`;
    return [warn('public URL', text)];
  }
  const url = ok('public URL', `${publicUrl.origin}: every link and cookie is for it`);
  if (trustedProxies > 0) return [url, ok('proxies', `${trustedProxies} hops are believed about who is calling`)];
  const text = `https ends in front of ${host} and everybody seems to come from there: set SALLYPORT_TRUSTED_PROXIES`;
  return [url, warn('proxies', text)];
}

const PATIENCE_MS = 3_000;

export async function reachable({ publicUrl }: Config): Promise<Finding> {
  const at = `${publicUrl.origin}/readyz`;
  try {
    const answer = await fetch(at, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'manual' });
    if (answer.status === 200) return ok('server', `${at} answers 200`);
    return warn('server', `${at} answers ${answer.status}: look at its reasons, and at the Host that the proxy sends`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer';
    return warn('server', `${at} is not reached from here (${cause}): start the server, or look at the proxy`);
  }
}

/** Says hello to the mail server as a delivery does, with TLS and password, and sends nothing. */
export async function mail({ smtp }: Pick<Config, 'smtp'>): Promise<Finding> {
  if (smtp === undefined) return warn('mail', 'outbox only: set SALLYPORT_SMTP_URL, or hand links over yourself');
  const at = `${smtp.host}:${smtp.port}`;
  const fault = await greet(smtp);
  if (fault === undefined) {
    const how = smtp.tls === 'none' ? 'in the clear, to this machine alone' : 'over TLS';
    return ok('mail', `${at} takes our mail ${how}${smtp.user === undefined ? ', without a password' : ''}`);
  }
  return fail('mail', `${at} does not take our mail (${fault}): mail waits in the outbox; ${adviceOn(fault)}`);
}

function adviceOn(fault: string): string {
  if (fault.startsWith('EAUTH')) return 'look at the user and the password in SALLYPORT_SMTP_URL';
  if (fault.startsWith('ETLS')) return 'the server has to offer TLS, with a certificate that this machine trusts';
  // One code for what is not there and for a certificate that nobody vouches for.
  return 'look at host and port in SALLYPORT_SMTP_URL, at the firewall, and with TLS at the certificate';
}
