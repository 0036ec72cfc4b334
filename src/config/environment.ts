import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Problem } from '#core/instance/parse.ts';
import { lineOf } from '#core/values/text-bytes.ts';
import { SETTINGS, type Setting } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

// A key ring of a hundred keys has 5 KB; a larger file is the wrong one.
const LARGEST_SECRET_BYTES = 64 * 1024;
const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * The variables that count as settings.
 *
 * Compose passes an unset variable as an empty one, and env files keep quotes and carriage returns. Kubernetes and
 * Docker add variables for every service whose name begins like ours.
 */
export function usableEnvironment(given: Environment): Environment {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value = '']) => {
      const isOurs = KNOWN.includes(name);
      if (isServiceLink(name, value, isOurs)) return [];
      if (!isOurs) return [[name, value]];
      const text = value.replace(/\r$/, '').replace(/^(["'])(.*)\1$/s, '$2');
      return text.trim() === '' ? [] : [[name, text]];
    }),
  );
}

const ALL: readonly Setting[] = Object.values(SETTINGS);
const KNOWN: readonly string[] = ALL.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));

/** A port as Kubernetes and Docker write it. A Service `sallyport-metrics` even gets the name of a setting. */
const LINK = /^(tcp|udp|sctp):\/\//;
const ADDRESS = /^[\w.:-]+$/;

/** https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables and Docker's older links. */
const SERVICE_LINKS: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/_SERVICE_HOST$/, ADDRESS],
  [/_SERVICE_PORT(_\w+)?$/, /^\d+$/],
  [/_PORT(_\d+_(TCP|UDP|SCTP))?$/, LINK],
  [/_PORT_\d+_(TCP|UDP|SCTP)_PROTO$/, /^(tcp|udp|sctp)$/],
  [/_PORT_\d+_(TCP|UDP|SCTP)_PORT$/, /^\d+$/],
  [/_PORT_\d+_(TCP|UDP|SCTP)_ADDR$/, ADDRESS],
  [/_NAME$/, /^\/[\w.-]+\/[\w.-]+$/],
  [/_ENV_\w+$/, /^/],
];

function isServiceLink(name: string, value: string, isOurs: boolean): boolean {
  if (isOurs) return name.endsWith('_PORT') && LINK.test(value);
  return name.startsWith('SALLYPORT_') && SERVICE_LINKS.some(([end, form]) => end.test(name) && form.test(value));
}

/** A `SALLYPORT_` name that is not a setting, with the most similar setting. */
export function findStrayName(environment: Environment): Problem | undefined {
  // Also after the byte order mark of an env file, or after "export ".
  const stray = Object.keys(environment).find((name) => /(^|\W)SALLYPORT_/i.test(name) && !KNOWN.includes(name));
  if (stray === undefined) return undefined;
  const shown = stray.replace(/[^\w.-]/g, '?').slice(0, 80);
  const plain = ALL.find(({ name }) => stray === `${name}_FILE`);
  if (plain) return { problem: `${shown} is not a setting: only secrets are read from files; give ${plain.name}` };
  const meant = nearest(stray.slice(stray.search(/SALLYPORT_/i)).toUpperCase(), KNOWN);
  const hint = meant ? `did you mean ${meant}?` : 'docs/settings.md lists them all';
  return { problem: `${shown} is not a setting: ${hint}` };
}

/** The text of a setting, from the environment or from the file in `NAME_FILE`. */
export function readSetting(setting: Setting, environment: Environment, root: string): string | undefined | Problem {
  const { name } = setting;
  const path = setting.secret ? environment[`${name}_FILE`] : undefined;
  const given = environment[name];
  if (given !== undefined && path !== undefined) {
    return { problem: `${name} and ${name}_FILE are both given: remove one of them` };
  }
  const text = path === undefined ? given : readSecret(`${name}_FILE`, path, root);
  if (typeof text !== 'string') return text;
  const source = path === undefined ? name : `the file of ${name}_FILE`;
  if (text.trim() === '') return { problem: `${source} is empty: give a value or remove it` };
  if (CONTROL_CHARACTER.test(text)) {
    return { problem: `${source} contains a line break or another control character: write it on one line` };
  }
  return text;
}

function readSecret(name: string, path: string, root: string): string | Problem {
  try {
    const file = resolve(root, path);
    if (statSync(file).isDirectory()) return { problem: `${name} names a folder: give the path of a file` };
    if (statSync(file).size > LARGEST_SECRET_BYTES) return { problem: `${name} names a file of more than 64 KiB` };
    return lineOf(readFileSync(file)) ?? { problem: `${name} names a file that is not UTF-8 text: save it as UTF-8` };
  } catch {
    return { problem: `${name} names a file that cannot be read: give the path of a file that holds the secret` };
  }
}

/** The candidate with the fewest edits, if these are few enough for a typing mistake. */
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    // Some settings lack our prefix: `SALLYPORT_PORT` means `PORT`.
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate.replace(/^(?!SALLYPORT_)/, 'SALLYPORT_')) }))
    .sort((a, b) => a.edits - b.edits);
  return best && best.edits <= 4 ? best.candidate : undefined;
}

/** The Levenshtein distance: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
