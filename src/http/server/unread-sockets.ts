import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Env } from '#env.ts';

/** A peer that reads nothing of its answer for this long is gone, or occupies our memory on purpose. */
const PATIENCE_MS = 30_000;

/** A count and not a time, because a suspended process cannot see what its peers did meanwhile. */
const LOOKS = 6;

/** The last known state of an answer that is being sent, and the number of checks since it moved. */
type Seen = { readonly handedOver: number; readonly unacknowledged: number | undefined; readonly looks: number };

/**
 * Closes connections whose peer sends requests and does not read the answers. Node's own limits end with the request,
 * so such a peer could hold its connection, kernel buffers and the source of the answer without end.
 *
 * A slow reader stays connected: if nothing has left this process, the kernel shows whether the peer has acknowledged
 * data. Its buffer holds up to 4 MB, and a phone on a train needs minutes to read that.
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

/** The sent and unacknowledged bytes of each connection, as Linux lists them. Unknown on other systems. */
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

/** `0: 0100007F:0BB8 0200000A:C350 01 000A0000:00000000`: the last four bytes of the peer's address, reversed. */
const ROW = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]*([0-9A-F]{8}):([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/gm;

/** The key of a connection, as in `ROW`. Both ports and four bytes tell connections apart in practice. */
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
