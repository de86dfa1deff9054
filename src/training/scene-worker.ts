// Makes training clips beside the trainer: one message in, one clip's sequences out.
import { parentPort, workerData } from 'node:worker_threads';
import { compileKernels } from '../kernels/module.js';
import { sequenceMaker, type SequenceMakerOptions } from './sequence-maker.js';

const sequencesAt = await sequenceMaker(compileKernels(), workerData as SequenceMakerOptions);

parentPort!.on('message', (clip: number) => {
  const sequences = sequencesAt(clip);
  const buffers = Object.values(sequences).map(({ buffer }) => buffer as ArrayBuffer);
  parentPort!.postMessage({ clip, sequences }, buffers);
});
