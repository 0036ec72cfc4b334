import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../../src');

/** Every file of the code except tests and the texts themselves. */
export function readCode(): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('messages/'))
    .map((path) => ({ path, text: readFileSync(join(SOURCE, path), 'utf8') }));
}

/** Whether the code asks for the text of a key, by its name or by a pattern. */
export function keysAskedIn(code: readonly string[]): (key: string) => boolean {
  const all = code.join('\n');
  const literals = new Set([...all.matchAll(/'([a-z][\w-]*(?:\.[\w-]+)+)'/g)].map((match) => match[1] ?? ''));
  // `duration.${unit}` in the code matches every key of that form. The compiler checks that all of them exist.
  const patterns = [...all.matchAll(/`([a-z][\w-]*\.[\w.-]*\$\{[^`]*)`/g)].map(
    (match) => new RegExp(`^${(match[1] ?? '').replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[\\w-]+')}$`),
  );
  return (key) => literals.has(key) || patterns.some((pattern) => pattern.test(key));
}
