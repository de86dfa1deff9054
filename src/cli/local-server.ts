// A web server for this computer alone: loopback, nothing but what it was given, and a page that can reach nothing else.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server gives out. */
export interface ServedFile {
  readonly bytes: Uint8Array;
  /** MIME type. */
  readonly type: string;
}

/** What may be asked of a server. */
export interface LocalServerOptions {
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** First part of every path, without which nothing answers: what a page is not told it cannot guess. */
  readonly token?: string;
  /** Files by path; '' is the page itself. Undefined for what there is not. */
  readonly file: (path: string) => Promise<ServedFile | undefined> | ServedFile | undefined;
  /** Takes what a page sends. The answer is one sentence; what it throws is one, too. */
  readonly post?: (path: string, body: string) => Promise<string>;
}

/** A server that runs. */
export interface LocalServer {
  /** Where the page is. */
  readonly url: string;
  /** Ends it, open connections too. */
  close(): Promise<void>;
}

/** What a page may do: run what was served with it, and talk to nobody else. WebAssembly may be compiled. */
export const contentPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob: mediastream:",
  "connect-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. The first two isolate the page, so that it may share memory between threads and has fine clocks. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': contentPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

const types: Readonly<Record<string, string>> = {
  css: 'text/css',
  html: 'text/html; charset=utf-8',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  mjs: 'text/javascript',
  mp4: 'video/mp4',
  onnx: 'application/octet-stream',
  png: 'image/png',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  webm: 'video/webm',
  webmanifest: 'application/manifest+json',
  woff2: 'font/woff2',
};

/** MIME type by the ending of a name. */
export function mimeType(name: string): string {
  return types[/\.(\w+)$/.exec(name)?.[1] ?? ''] ?? 'application/octet-stream';
}

const largestBody = 1 << 20;

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > largestBody) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Serves on 127.0.0.1. Only requests that name this computer as their host are answered, so that no page elsewhere can reach
 * it under a name of its own.
 * @throws {Error} when the port is taken, with a sentence that says so.
 */
export async function serveLocally({ port = 0, token, file, post }: LocalServerOptions): Promise<LocalServer> {
  const prefix = token === undefined ? '/' : `/${token}/`;
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
  let hosts: readonly string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(pageHeaders)) response.setHeader(name, value);
    if (!hosts.includes(request.headers.host ?? '')) {
      send(response, 421, 'Another host was asked for.');
      return;
    }
    const [path] = (request.url ?? '/').split('?');
    if (!path.startsWith(prefix)) {
      send(response, 404, 'There is nothing here.');
      return;
    }
    const name = decodeURIComponent(path.slice(prefix.length));
    if (request.method === 'POST' && post) {
      const origin = request.headers.origin;
      if (origin !== undefined && !hosts.includes(origin.replace(/^http:\/\//, ''))) {
        send(response, 403, 'This page may not send anything here.');
        return;
      }
      const body = await bodyOf(request);
      if (body === undefined) {
        send(response, 413, 'That is too much.');
        return;
      }
      try {
        send(response, 200, await post(name, body));
      } catch (error) {
        send(response, 422, error instanceof Error ? error.message : String(error));
      }
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, 'Only GET is answered here.');
      return;
    }
    const found = await file(name);
    if (!found) {
      send(response, 404, 'There is nothing here.');
      return;
    }
    const etag = `"${createHash('sha256').update(found.bytes).digest('base64url').slice(0, 22)}"`;
    response.setHeader('ETag', etag);
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': found.type, 'Content-Length': found.bytes.length });
    response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  await listening(server, port);
  const { port: taken } = server.address() as AddressInfo;
  hosts = [`127.0.0.1:${taken}`, `localhost:${taken}`];
  return {
    url: `http://127.0.0.1:${taken}${prefix}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken; choose another with --port.`, { cause: error })
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
