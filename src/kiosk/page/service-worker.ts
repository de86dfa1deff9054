// The page without a network: every file of one version, taken over as a whole or not at all.

interface Message {
  readonly request: Request;
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
  waitUntil(work: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}
interface Host {
  readonly caches: CacheStorage;
  readonly location: Location;
  readonly registration: { readonly scope: string };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(of: { type: 'window'; includeUncontrolled: true }): Promise<readonly { readonly url: string }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate' | 'fetch' | 'message', listener: (event: Message) => void): void;
}
const host = globalThis as unknown as Host;

/** Version, and the sha256 of every file by its path, filled in when the page is served or exported. */
declare const PRECACHE: { readonly version: string; readonly files: Readonly<Record<string, string>> };

const prefix = 'deep-marimba-page-';
const name = prefix + PRECACHE.version;

async function isOf(sha256: string, response: Response): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === sha256;
}

/**
 * A file of this version: from an earlier version that had the same, else from the server. A server that is just being given
 * other files must not be mistaken for one that has this version: every file is compared with its hash.
 */
async function fileOf(address: string, sha256: string, earlier: readonly Cache[]): Promise<Response> {
  for (const cache of earlier) {
    const found = await cache.match(address);
    if (found && (await isOf(sha256, found.clone()))) return found;
  }
  // Past the browser's own cache, which knows nothing of versions.
  const answer = await fetch(address, { cache: 'reload' });
  if (answer.ok && (await isOf(sha256, answer.clone()))) return answer;
  throw new Error(`${address} is not of version ${PRECACHE.version}.`);
}

async function install(): Promise<void> {
  const keys = (await host.caches.keys()).filter((key) => key.startsWith(prefix) && key !== name);
  const earlier = await Promise.all(keys.map((key) => host.caches.open(key)));
  const cache = await host.caches.open(name);
  try {
    await Promise.all(
      Object.entries(PRECACHE.files).map(async ([path, sha256]) => {
        const address = new URL(path, host.registration.scope).href;
        await cache.put(address, await fileOf(address, sha256, earlier));
      }),
    );
  } catch (error) {
    // Not half of it: the version before goes on, and the browser tries again at the next visit.
    await host.caches.delete(name);
    throw error;
  }
}

host.addEventListener('install', (event) => {
  event.waitUntil(install());
});

host.addEventListener('activate', (event) => {
  event.waitUntil(
    host.caches
      .keys()
      .then((keys) =>
        Promise.all(keys.filter((key) => key.startsWith(prefix) && key !== name).map((key) => host.caches.delete(key))),
      )
      .then(() => host.clients.claim()),
  );
});

host.addEventListener('message', (event) => {
  if (event.data === 'version') event.ports[0]?.postMessage(PRECACHE.version);
  // Another page may be playing: it must not be given files of two versions.
  if (event.data === 'take over') {
    // Those of the version before are not this worker's, and count.
    event.waitUntil(
      host.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((windows) => {
        const pages = windows.filter(({ url }) => url.startsWith(host.registration.scope));
        return pages.length > 1 ? undefined : host.skipWaiting();
      }),
    );
  }
});

host.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== host.location.origin) return;
  // The page's own address may carry settings (?kiosk=1).
  const key = request.mode === 'navigate' ? new URL('./', host.registration.scope).href : request;
  event.respondWith(
    host.caches
      .open(name)
      .then((cache) => cache.match(key))
      .then((found) => found ?? fetch(request)),
  );
});
