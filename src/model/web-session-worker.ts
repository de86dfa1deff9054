// The worker that runs a model in a browser, as a module of its own: `deep-marimba/model-worker`.
import { serveSession, type SessionRequest } from './session-port.js';
import { openWebSession, type WebSessionJob } from './web-session.js';

// The worker's own global, as far as it matters here; the library is checked against the page's.
const port = globalThis as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void, options?: { once: boolean }): void;
};

port.addEventListener(
  'message',
  ({ data }) => {
    void serveSession(
      () => openWebSession(data as WebSessionJob),
      (what, transfer) => {
        port.postMessage(what, transfer);
      },
      (take) => {
        port.addEventListener('message', (event) => {
          take(event.data as SessionRequest);
        });
      },
      () => undefined,
    );
  },
  { once: true },
);
