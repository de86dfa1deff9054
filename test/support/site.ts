// A web server for tests: a folder's files as they are now, under the headers that are asked for. Node only.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { mimeType } from '../../src/cli/local-server.js';

/** A server that runs. */
export interface Site {
  /** Ends with a slash. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves a folder on loopback, under whatever host name it is asked. */
export async function serveFolder(root: string, headers: Readonly<Record<string, string>> = {}): Promise<Site> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0]);
    const file = join(root, normalize(path), path.endsWith('/') ? 'index.html' : '');
    readFile(file).then(
      (bytes) => {
        response.writeHead(200, { ...headers, 'Content-Type': mimeType(file), 'Cache-Control': 'no-cache' }).end(bytes);
      },
      () => {
        response.writeHead(404, headers).end();
      },
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
