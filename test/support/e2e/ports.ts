/**
 * TCP ports for servers of tests. They lie below those that the system gives to outgoing connections, so that none is
 * taken between the choice and the start, or between a stop and a restart; test files that run side by side begin apart.
 */
import { createServer } from 'node:net';

const FIRST = 20_000;
const COUNT = 12_000;
let next = (process.pid * 131) % COUNT;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < COUNT; attempt++) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${FIRST} to ${FIRST + COUNT}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
