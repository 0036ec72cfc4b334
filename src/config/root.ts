import { fileURLToPath } from 'node:url';

/** The folder of the checkout; relative paths in settings start here. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
