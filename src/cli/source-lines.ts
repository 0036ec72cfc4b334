import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_FOLDER } from '#config/root.ts';

/** A place in the bundle, as a stack trace names it: file, line and column, both from one. */
const PLACE = /(file:\/\/\/[^\s()]+\/dist\/app\/[^\s():]+\.js):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/**
 * Lets every stack trace of this process name lines of the sources. Node's `--enable-source-maps` would read the map of
 * each module that it loads: a third of a start, and 20 MB. This reads a map when a trace first names its file.
 */
export function traceSourceLines(): void {
  if (import.meta.url.endsWith('.ts')) return;
  Error.prepareStackTrace = (error, sites) => withSourceLines([headline(error), ...sites].join('\n    at '));
}

/** The same text with every place of the bundle replaced by that of its source, relative to the program's folder. */
function withSourceLines(stack: string): string {
  return stack.replace(PLACE, (place, file: string, line: string, column: string) => {
    const path = fileURLToPath(file);
    const found = mapOf(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (found === undefined || !('originalSource' in found)) return place;
    const source = relative(PACKAGE_FOLDER, resolve(dirname(path), found.originalSource));
    return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}

function mapOf(path: string): SourceMap | undefined {
  if (!maps.has(path)) {
    const file = `${path}.map`;
    maps.set(path, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(path);
}

/** Like V8's own. An error can be any object, and its `toString` can throw. */
function headline(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'Error';
  }
}
