import assert from 'node:assert/strict';
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { openNode } from './node.ts';

// One more node of the service that the test runs, in a thread of its own: see startNode.
assert(parentPort);
const closers: (() => unknown)[] = [];
const { port } = await openNode({ after: (close) => closers.push(close) }, workerData);
parentPort.postMessage(port);
await once(parentPort, 'message');
for (const close of closers.toReversed()) await close();
process.exit();
