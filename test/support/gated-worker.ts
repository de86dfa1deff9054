// The worker that runs models, behind a gate.
import './gate.js';
import '../../src/model/web-session-worker.js';
