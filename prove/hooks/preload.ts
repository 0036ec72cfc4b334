import { registerHooks } from 'node:module';
import { assertWrapped, facadeOf, HOOKS } from './facade.ts';
import { followClockFile } from './wrong-clock.ts';

// Loaded into a server process with `node --import`, so that the product carries no hook and no switch of a test.
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

// At once: a hook that finds nothing ends the start, whatever the process would have loaded.
for (const file of files) await import(`${SOURCES}${file}`);
assertWrapped();
