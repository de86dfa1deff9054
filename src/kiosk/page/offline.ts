// The page's copy of itself, so that it starts without a network; a new version comes as a whole, and only between players.

/** Registers the service worker; `onUpdate` is told when a whole new version lies ready, and gets what puts it in place. */
export async function keepOffline(onUpdate: (install: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register(new URL('service-worker.js', document.baseURI));
  } catch {
    // An address without https, or a browser that forbids it: the page works, but needs its server.
    return;
  }
  const offer = (worker: ServiceWorker | null): void => {
    if (!worker || !navigator.serviceWorker.controller) return;
    onUpdate(() => {
      navigator.serviceWorker.addEventListener(
        'controllerchange',
        () => {
          location.reload();
        },
        { once: true },
      );
      worker.postMessage('take over');
    });
  };
  offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') offer(worker);
    });
  });
}
