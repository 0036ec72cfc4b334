import { connect, createServer, type Socket } from 'node:net';

/** A port that leads to another, changeable one, like HAProxy or a moving address in front of a database. */
export type Address = {
  readonly port: number;
  /**
   * Closes open connections, like HAProxy with `on-marked-down shutdown-sessions`, and refuses new ones until it leads
   * somewhere.
   */
  cut(): void;
  leadTo(port: number): void;
  /** Closes open connections. Later ones are accepted but get no answer. Answers the number of later ones. */
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
