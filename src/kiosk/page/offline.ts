// The page's copy of itself, so that it starts without a network; a new version comes as a whole, and only when nobody is disturbed.

/** How long between looks for a new version, ms: a page on a wall is not opened anew for months. */
const lookAgain = 3_600_000;

/** The version of the files that the page was made of. */
const pageVersion = (): string => document.querySelector<HTMLMetaElement>('meta[name=version]')?.content ?? '';

function versionOf(worker: ServiceWorker): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      resolve(data);
    };
    worker.postMessage('version', [port2]);
  });
}

/**
 * Registers the service worker. A page runs with the files of one version: as soon as a worker of another one is in charge, the
 * page is loaded anew, and a new one is put in charge only where that disturbs nobody.
 * @param free whether the page may be loaded anew now.
 */
export async function keepOffline(free: () => boolean): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('controllerchange', () => {
    const { controller } = serviceWorker;
    if (!controller) return;
    void versionOf(controller).then((version) => {
      if (version !== pageVersion()) location.reload();
    });
  });
  let registration: ServiceWorkerRegistration;
  try {
    registration = await serviceWorker.register(new URL('service-worker.js', document.baseURI));
  } catch {
    // An address without https, or a browser that forbids it: the page works, but needs its server.
    return;
  }
  setInterval(() => {
    // The worker that waits refuses while another page is open; it is asked again.
    if (serviceWorker.controller && free()) registration.waiting?.postMessage('take over');
  }, 1000);
  setInterval(() => {
    registration.update().catch(() => undefined);
  }, lookAgain);
}
