import { registerHooks } from 'node:module';
import { assertWrapped, facadeOf, HOOKS } from './facade.ts';
import { followClockFile } from './wrong-clock.ts';

// Loaded into a server process with `node --import`, so that the product contains no hook and no test switch.
followClockFile();

const SOURCES = new URL('../../src/', import.meta.url).href;
const UNHOOKED = '?unhooked';
const files = new Set(HOOKS.map(({ file }) => file));

registerHooks({
  load(url, context, nextLoad) {
    const file = url.startsWith(SOURCES) ? url.slice(SOURCES.length) : '';
    if (!files.has(file)) return nextLoad(url, context);
    return { format: 'module', shortCircuit: true, source: facadeOf(file, `${url}${UNHOOKED}`) };
  },
});

// At once, so that a hook without a target aborts the start, whatever the process loads.
for (const file of files) await import(`${SOURCES}${file}`);
assertWrapped();
