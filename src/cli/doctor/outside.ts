import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Environment, usableEnvironment } from '#config/environment.ts';
import { ROOT } from '#config/root.ts';
import type { Config } from '#config.ts';
import { OPERATOR_TROUBLES } from '#http/server/operator-watch.ts';
import { greet } from '#mail/smtp.ts';
import { loadTraces, wantsTraces } from '#telemetry/telemetry.ts';
import { type Finding, fail, lineOf, ok, warn } from './finding.ts';

/** Files with secrets. Other users of this machine must neither read nor write them. */
export function secretFiles(environment: Environment): Finding[] {
  const named = Object.entries(usableEnvironment(environment)).filter(
    ([name]) => /^SALLYPORT_\w+_FILE$/.test(name) && !/LOGO/.test(name),
  );
  const findings = named.flatMap(([name, path = '']) => secretFile(name, resolve(ROOT, path)));
  return findings.length > 0 ? findings : [ok('secret files', `${named.length} in use, none open to everybody`)];
}

function secretFile(name: string, path: string): Finding[] {
  const stats = statsOf(path);
  if (stats === undefined) {
    return [fail('secret files', `${name}: ${path} cannot be read: give the path of a file that this user may read`)];
  }
  const { mode } = stats;
  if (stats.isDirectory()) return [fail('secret files', `${name}: ${path} is a folder: give the path of a file`)];
  if (mode & 0o022) return [fail('secret files', `${name}: others may write ${path}: chmod 600 ${path}`)];
  return mode & 0o004 ? [warn('secret files', `${name}: everybody may read ${path}: chmod 600 ${path}`)] : [];
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
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
  if (trustedProxies > 0)
    return [url, ok('proxies', `proxies that are believed about who is calling: ${trustedProxies}`)];
  const text = `https ends in front of ${host} and everybody seems to come from there: set SALLYPORT_TRUSTED_PROXIES`;
  return [url, warn('proxies', text)];
}

/** Whether the packages are there that the variables of OpenTelemetry ask for. Without them no server starts. */
export async function traces(environment: Environment): Promise<Finding[]> {
  if (!wantsTraces(environment)) return [];
  try {
    await loadTraces();
    return [ok('traces', 'sent as the OTEL_ variables say')];
  } catch (error) {
    return [fail('traces', lineOf(error))];
  }
}

const PATIENCE_MS = 3_000;

/**
 * Whether the server answers at its public URL, and what it reports. If that fails, it is called directly, past the
 * proxy.
 */
export async function reachable({ publicUrl, host, port }: Config): Promise<Finding[]> {
  const at = `${publicUrl.origin}/readyz`;
  const there = await ask(at);
  if (typeof there !== 'string') return [statusFinding(at, there), ...there.reasons.map(reasonFinding)];
  const line = warn('server', `${at} is not reached from here (${there}): start the server, or look at the proxy`);
  const behind = await ask(`http://${host.includes(':') ? `[${host}]` : host}:${port}/readyz`);
  return typeof behind === 'string' ? [line] : [line, ...behind.reasons.map(reasonFinding)];
}

type Answered = { readonly status: number; readonly reasons: readonly string[] };

/** The answer of `/readyz`, or why there is none. */
async function ask(at: string): Promise<Answered | string> {
  try {
    const answer = await fetch(at, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'manual' });
    // The answer may be a proxy's, with any content.
    const { reasons } = Object(await answer.json().catch(() => undefined));
    return { status: answer.status, reasons: Array.isArray(reasons) ? reasons.map(String) : [] };
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer';
  }
}

function statusFinding(at: string, { status }: Answered): Finding {
  if (status === 200) return ok('server', `${at} answers 200`);
  return warn('server', `${at} answers ${status}: look at its reasons, and at the Host that the proxy sends`);
}

/** A reason that the operator can fix, and how. */
function reasonFinding(reason: string): Finding {
  const text = Object.entries(OPERATOR_TROUBLES).find(([trouble]) => trouble === reason)?.[1];
  return warn('server', `${reason}: ${text ?? 'see the reasons of /readyz in docs/operate/health-and-logs.md'}`);
}

/** Connects to the mail server like a delivery, with TLS and password, but sends nothing. */
export async function mail({ smtp }: Pick<Config, 'smtp'>): Promise<Finding> {
  if (smtp === undefined) return warn('mail', 'outbox only: set SALLYPORT_SMTP_URL, or hand links over yourself');
  const at = `${smtp.host}:${smtp.port}`;
  const fault = await greet(smtp);
  if (fault === undefined) {
    const how = smtp.tls === 'none' ? 'in the clear, to this machine alone' : 'over TLS';
    return ok('mail', `${at} takes our mail ${how}${smtp.user === undefined ? ', without a password' : ''}`);
  }
  return fail(
    'mail',
    `${at} does not take our mail (${fault}): mail waits in the outbox; ${adviceOn(fault, smtp.helo)}`,
  );
}

function adviceOn(fault: string, helo: string): string {
  if (/ (?:EHLO|HELO) [45]/.test(fault)) {
    return `it does not take the name that greets it, ${helo}: give SALLYPORT_SMTP_HELO a name with a dot that leads here`;
  }
  if (/ CONN 421/.test(fault))
    return 'it is busy, or lets this machine in too often: it may take mail again in some minutes';
  if (/ CONN 5/.test(fault)) return 'it refuses this machine: let its operator allow the address that we come from';
  if (fault.startsWith('EAUTH')) return 'look at the user and the password in SALLYPORT_SMTP_URL';
  if (fault.startsWith('ETLS')) return 'the server has to offer TLS, with a certificate that this machine trusts';
  // The client has one code for an unreachable server and for an untrusted certificate.
  return 'look at host and port in SALLYPORT_SMTP_URL, at the firewall, and with TLS at the certificate';
}
