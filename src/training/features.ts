// Features of simulated clips: a frozen backbone looks at every picture once, and what it says is kept on disk.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import { ModelError } from '../errors.js';
import type { Runtime, Session } from '../model/onnx-runtime.js';
import type { ModelInput } from '../model/views.js';
import type { Backbone } from './backbone.js';
import { decodeSafeTensors, encodeSafeTensors } from './safetensors.js';
import type { Sequences } from './scene-sequences.js';

/** A backbone that is ready to run. */
export interface FeatureMaker {
  readonly backbone: Backbone;
  /** Features of one picture. */
  readonly count: number;
  /** Features [count] of a picture [3 x height x width], 0..1; the caller's. */
  readonly of: (picture: Float32Array) => Promise<Float32Array>;
  /** Frees it. */
  readonly release: () => Promise<void>;
}

/**
 * Opens a backbone for pictures as a model sees them.
 * @throws {ModelError} when it takes others, or cannot be run.
 */
export async function featureMaker(
  backbone: Backbone,
  { shape }: Pick<ModelInput, 'shape'>,
  runtime: Runtime,
): Promise<FeatureMaker> {
  const { input, output } = backbone;
  if (input.shape.some((size, axis) => size !== 'any' && size !== shape[axis])) {
    throw new ModelError(
      `The backbone takes pictures of ${input.shape.join(' x ')}, the training shows it ${shape.join(' x ')}; ` +
        'change geometry, bars, rows or columns.',
    );
  }
  let session: Session | undefined;
  const run = async (picture: Float32Array): Promise<Float32Array> => {
    const results = await session!.run({ [input.name]: { data: picture, shape: [1, ...shape] } }, [output.name]);
    return results[output.name].data as Float32Array;
  };
  let count: number;
  try {
    session = await runtime(backbone.bytes);
    const tried = await run(new Float32Array(shape[0] * shape[1] * shape[2]));
    if (!tried.every(Number.isFinite)) throw new RangeError('it answers what is no number');
    count = tried.length;
  } catch (cause) {
    await session?.release();
    throw new ModelError(`The backbone cannot be run: ${(cause as Error).message}`, { cause });
  }
  const opened = session;
  return { backbone, count, of: run, release: () => opened.release() };
}

/**
 * Puts features in the place of the pictures of a clip's sequences, and keeps them in a folder: the next time the clip is neither
 * rendered nor looked at. A file that is damaged, or of another backbone, is made anew.
 */
export function featureClips(
  { backbone, count, of }: FeatureMaker,
  { sequences, frames, clips }: { readonly sequences: number; readonly frames: number; readonly clips: number },
  folder: string,
): (clip: number, render: () => Promise<Sequences>) => Promise<Sequences> {
  const origin = { backbone: backbone.sha256 };
  return async (clip, render) => {
    const path = join(folder, `clip-${clip}.safetensors`);
    const kept = clips > 0 ? await readKept(path, origin.backbone) : undefined;
    if (kept) return kept;
    const { image, ...targets } = await render();
    const size = image.length / (sequences * frames);
    const features = new Float32Array(sequences * frames * count);
    for (let k = 0; k < sequences * frames; k++) {
      features.set(await of(image.subarray(k * size, (k + 1) * size)), k * count);
    }
    const made = { features, ...targets };
    if (clips > 0) {
      const tensors = new Map(Object.entries(made).map(([name, data]) => [name, { data, shape: [data.length] }]));
      await mkdir(folder, { recursive: true });
      await writeAtomic(path, encodeSafeTensors({ tensors, metadata: origin }));
    }
    return made;
  };
}

async function readKept(path: string, backbone: string): Promise<Sequences | undefined> {
  try {
    const { tensors, metadata } = decodeSafeTensors(await readFile(path));
    if (metadata.backbone !== backbone) return undefined;
    return Object.fromEntries([...tensors].map(([name, { data }]) => [name, data as Float32Array]));
  } catch {
    return undefined;
  }
}
