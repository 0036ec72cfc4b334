import assert from 'node:assert/strict';
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { flushRefusals } from '#features/operate/refusals.ts';
import { openNode } from './node.ts';

// One more node of the tested service, in its own thread: see startNode.
assert(parentPort);
const closers: (() => unknown)[] = [];
const { port, world } = await openNode({ after: (close) => closers.push(close) }, workerData);
parentPort.postMessage(port);
for (let [said] = await once(parentPort, 'message'); said === 'flush'; [said] = await once(parentPort, 'message')) {
  await flushRefusals(world.env);
  parentPort.postMessage('flushed');
}
for (const close of closers.toReversed()) await close();
process.exit();
