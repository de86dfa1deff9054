// The worker that runs models, on GPUs that a test can take away.
import '../../src/model/web-session-worker.js';
import { destroyGpus } from './gpus.js';

new BroadcastChannel('gpus').onmessage = destroyGpus;
