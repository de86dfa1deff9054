// The page without a network: every file of one version, taken over as a whole or not at all.

interface Host {
  readonly caches: CacheStorage;
  readonly location: Location;
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    name: 'install' | 'activate' | 'fetch' | 'message',
    listener: (event: {
      readonly request: Request;
      readonly data: unknown;
      waitUntil(work: Promise<unknown>): void;
      respondWith(answer: Promise<Response>): void;
    }) => void,
  ): void;
}
const host = globalThis as unknown as Host;

/** Version and files, filled in when the pages are built. */
declare const PRECACHE: { readonly version: string; readonly files: readonly string[] };

const prefix = 'deep-marimba-page-';
const name = prefix + PRECACHE.version;

host.addEventListener('install', (event) => {
  event.waitUntil(
    host.caches.open(name).then((cache) =>
      // Past the browser's own cache: files of two versions must not meet.
      cache.addAll(
        PRECACHE.files.map((file) => new Request(new URL(file, host.registration.scope), { cache: 'reload' })),
      ),
    ),
  );
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

host.addEventListener('message', ({ data }) => {
  if (data === 'take over') void host.skipWaiting();
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
