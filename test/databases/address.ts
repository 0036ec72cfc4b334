import { connect, createServer, type Socket } from 'node:net';

/** A port that leads to another one, which can change: what HAProxy or a moving address is in front of a database. */
export type Address = {
  readonly port: number;
  /** Ends what is open, as HAProxy does by `on-marked-down shutdown-sessions`, and lets nobody through until it leads somewhere. */
  cut(): void;
  leadTo(port: number): void;
  /** Ends what is open; later connections are accepted and get no answer. Answers how many have come. */
  fallSilent(): () => number;
  close(): Promise<void>;
};

export async function openAddress(): Promise<Address> {
  const open = new Set<Socket>();
  let target: number | undefined;
  let isSilent = false;
  let silenced = 0;
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (isSilent) {
      silenced += 1;
      return;
    }
    if (target === undefined) {
      client.destroy();
      return;
    }
    const onward = connect(target, '127.0.0.1').setNoDelay(true);
    keep(onward);
    client.setNoDelay(true).pipe(onward).pipe(client);
    client.on('close', () => onward.destroy());
    onward.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = (): void => {
    target = undefined;
    for (const socket of open) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    leadTo(port) {
      target = port;
    },
    fallSilent() {
      isSilent = true;
      cut();
      return () => silenced;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
