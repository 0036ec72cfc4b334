// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licences of all packages in the bundle, whose texts have to travel with it.
 *
 * @param {readonly string[]} modules the files that were bundled
 * @param {string} root
 */
export function noticesFor(modules, root) {
  const folders = new Set(modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const notices = [...folders].map((folder) => noticeOf(folder)).sort();
  return [`Sallyport contains these packages.\n`, ...new Set(notices)]
    .join(`\n${'-'.repeat(80)}\n\n`)
    .replaceAll(root, '');
}

/** @param {string} folder */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : '';
  if (text === '' && !license) throw new Error(`${name} has no licence`);
  return `${name} ${version}\nLicence: ${license ?? 'see below'}\n\n${text}\n`;
}
