import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Env } from '#env.ts';

/** A peer that takes nothing of its answer for so long is gone, or holds our memory on purpose. */
const PATIENCE_MS = 30_000;

/** Counted rather than timed: a process that stood still has not seen what its peers did meanwhile. */
const LOOKS = 6;

/** What was seen of an answer that is on its way, and how many looks ago it moved. */
type Seen = { readonly handedOver: number; readonly unacknowledged: number | undefined; readonly looks: number };

/**
 * Closes connections whose peer asks and does not read. Node's own limits end with the request: an answer that nobody
 * takes keeps its connection, the buffers of the kernel and whatever makes the answer for as long as the peer likes.
 *
 * A slow reader is kept: where nothing has left this process, the kernel says whether the peer has taken something. Its
 * buffer holds up to 4 MB, which a telephone in a train reads for minutes.
 */
export function closeUnread(server: Server, log: Env['log'], patienceMs = PATIENCE_MS): void {
  const watched = new Map<Socket, Seen>();
  server.on('connection', (socket: Socket) => {
    watched.set(socket, { handedOver: 0, unacknowledged: undefined, looks: 0 });
    socket.once('close', () => watched.delete(socket));
  });
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    const closed = await closeStill(watched);
    if (closed > 0) log.info({ closed }, 'closed connections whose peer did not read');
    isLooking = false;
  }, patienceMs / LOOKS);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}

async function closeStill(watched: Map<Socket, Seen>): Promise<number> {
  const still: Socket[] = [];
  for (const [socket, seen] of watched) {
    const handedOver = socket.bytesWritten - socket.writableLength;
    if (socket.writableLength > 0 && handedOver === seen.handedOver) still.push(socket);
    else watched.set(socket, { handedOver, unacknowledged: undefined, looks: 0 });
  }
  const queues = still.length > 0 ? await readSendQueues() : undefined;
  let closed = 0;
  for (const socket of still) {
    const seen = watched.get(socket);
    const unacknowledged = queues?.get(nameOf(socket));
    if (seen === undefined) continue;
    const looks = unacknowledged === seen.unacknowledged ? seen.looks + 1 : 0;
    watched.set(socket, { ...seen, unacknowledged, looks });
    if (looks < LOOKS) continue;
    socket.destroy();
    closed += 1;
  }
  return closed;
}

/** Bytes that each connection has sent and its peer not acknowledged, as Linux lists them; elsewhere nothing is known. */
async function readSendQueues(): Promise<ReadonlyMap<string, number>> {
  const lists = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  const queues = new Map<string, number>();
  for (const [, localPort = '', address = '', port = '', queue = ''] of lists.join('').matchAll(ROW)) {
    queues.set(`${localPort} ${address} ${port}`, Number.parseInt(queue, 16));
  }
  return queues;
}

/** `0: 0100007F:0BB8 0200000A:C350 01 000A0000:00000000`: of the peer's address the last four bytes, in reverse. */
const ROW = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]*([0-9A-F]{8}):([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/gm;

/** A connection as `ROW` reads it. Both ports and four bytes are enough: who shares them shares a mistaken kindness. */
function nameOf({ localPort, remotePort, remoteAddress = '' }: Socket): string {
  return `${hex(localPort ?? 0, 4)} ${lastBytes(remoteAddress)} ${hex(remotePort ?? 0, 4)}`;
}

function lastBytes(address: string): string {
  const last = address.replace(/%.*$/, '').split(':').slice(-2);
  const bytes = last.at(-1)?.includes('.')
    ? last.at(-1)?.split('.').map(Number)
    : last.flatMap((group) => [Number.parseInt(`0${group}`, 16) >> 8, Number.parseInt(`0${group}`, 16) & 255]);
  return (bytes ?? [])
    .toReversed()
    .map((byte) => hex(byte, 2))
    .join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}
