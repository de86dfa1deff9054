// The module that runs on the audio thread. Self-contained: hand its address to `audioWorklet.addModule`.
// Importing it anywhere else does nothing.
import { processorName } from './sound/marimba-messages.js';
import { MarimbaProcessor } from './sound/marimba-processor.js';

export { processorName };

declare function registerProcessor(name: string, processor: typeof MarimbaProcessor): void;

if ('registerProcessor' in globalThis) registerProcessor(processorName, MarimbaProcessor);
