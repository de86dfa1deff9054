// Renders training clips beside the trainer: one message in, one clip's sequences out.
import { parentPort, workerData } from 'node:worker_threads';
import { compileKernels } from '../kernels/module.js';
import { clipSequences, type SequenceOptions } from './scene-sequences.js';

const kernels = compileKernels();
const options = workerData as SequenceOptions;

parentPort!.on('message', (clip: number) => {
  const sequences = clipSequences(kernels, options, clip);
  const buffers = Object.values(sequences).map(({ buffer }) => buffer as ArrayBuffer);
  parentPort!.postMessage({ clip, sequences }, buffers);
});
