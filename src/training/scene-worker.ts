// Renders training clips beside the trainer: one message in, one clip's sequences out.
import { parentPort, workerData } from 'node:worker_threads';
import { compileKernels } from '../kernels/module.js';
import { openCodecs } from './compression.js';
import { clipSequences, type SequenceOptions } from './scene-sequences.js';

const kernels = compileKernels();
const options = workerData as SequenceOptions;
const codecs = options.compressed ? await openCodecs() : undefined;

parentPort!.on('message', (clip: number) => {
  const sequences = clipSequences(kernels, options, clip, codecs);
  const buffers = Object.values(sequences).map(({ buffer }) => buffer as ArrayBuffer);
  parentPort!.postMessage({ clip, sequences }, buffers);
});
