// The oracle's training: minutes, for it sees no pixels.
import type { Runtime } from '../model/onnx-runtime.js';
import { exportOnnx } from './export-onnx.js';
import { type Weights, anatomy } from './network.js';
import { oracleArchitecture, oracleClip, oracleFeatures, oracleHead } from './oracle.js';
import { Random } from './random.js';
import { cosineSchedule } from './schedule.js';
import { framePosition, strikeTargets } from './strike-targets.js';
import { type Batch, Trainer } from './trainer.js';

/** How the oracle is trained. */
export interface OracleTraining {
  readonly runtime: Runtime;
  /** Steps; 12000 by default. */
  readonly steps?: number;
  /** Seed of weights and clips; 1 by default. */
  readonly seed?: number;
  /** Told after every step. */
  readonly onStep?: (step: number, loss: number) => void;
}

const batch = 64;
const frames = 44;
const burnIn = 8;
/** Share of sequences that are centred on a strike. */
const atStrikes = 0.35;
const outputs = ['onset', 'offset', 'velocity'] as const;
/** Clips that sequences are drawn from at a time, and batches drawn before they are renewed. */
const pool = { clips: 24, batches: 12 };

/** Trains the oracle on scenes of the family `train`. The same seed gives the same weights. */
export async function trainOracle({ runtime, steps = 12000, seed = 1, onStep }: OracleTraining): Promise<Weights> {
  const trainer = await Trainer.create({
    architecture: oracleArchitecture(),
    ...{ batch, frames, runtime, seed },
    losses: [
      { output: 'onset', kind: 'bce', weight: 10, positiveWeight: 2 },
      { output: 'offset', kind: 'huber', delta: 0.5, weight: 1 },
      { output: 'velocity', kind: 'mse', weight: 6 },
    ],
    optimizer: { weightDecay: 1e-4, clipNorm: 5 },
    schedule: cosineSchedule({ peak: 3e-3, total: steps, warmup: Math.min(100, steps - 1), floor: 3e-5 }),
    averageDecay: 0.998,
  });
  try {
    const first = new Random(seed, 'scenes').word();
    for (let round = 0; trainer.step < steps; round++) {
      const random = new Random(seed, `oracle round ${round}`);
      const bars = Array.from({ length: pool.clips }, (_, i) =>
        barsOf((first + round * pool.clips + i) % 2 ** 32),
      ).flat();
      for (let b = 0; b < pool.batches && trainer.step < steps; b++) {
        const { step, loss } = await trainer.trainStep(draw(bars, random));
        onStep?.(step, loss);
      }
    }
    return trainer.weights();
  } finally {
    await trainer.release();
  }
}

interface Bar {
  readonly features: Float32Array;
  readonly frames: number;
  /** How near mallets come. */
  readonly busy: number;
  /** Frames in which it is struck. */
  readonly strikes: readonly number[];
  /** Targets and masks of `outputs`, [frames] each. */
  readonly truth: ReturnType<typeof strikeTargets>;
}

function barsOf(seed: number): Bar[] {
  const { truth, rows } = oracleClip(seed, 'train', 6);
  if (truth.times.length < frames) return [];
  const { output, latency } = oracleHead;
  return rows.flatMap(({ midi, features, busy }) =>
    midi.map((note, b) => ({
      features: features[b],
      frames: truth.times.length,
      busy: busy[b],
      strikes: truth.strikes.flatMap(({ midi: struck, time }) =>
        struck === note ? [Math.floor(framePosition(truth.times, time))] : [],
      ),
      truth: strikeTargets(truth.times, [note], truth.strikes, { [output]: latency }),
    })),
  );
}

/** Sequences of bars: a share around strikes, the rest anywhere, rarely on bars that no mallet comes near. */
function draw(bars: readonly Bar[], random: Random): Batch {
  const struck = bars.filter(({ strikes }) => strikes.length > 0);
  const data: Record<string, Float32Array> = { features: new Float32Array(batch * frames * oracleFeatures) };
  for (const name of outputs) {
    for (const kind of ['target', 'mask']) data[`${kind}.${name}`] = new Float32Array(batch * frames);
  }
  for (let s = 0; s < batch;) {
    const aimed = struck.length > 0 && random.uniform() < atStrikes;
    const among = aimed ? struck : bars;
    const bar = among[Math.floor(random.uniform() * among.length)];
    if (!aimed && bar.busy < 0.5 && random.uniform() < 0.9) continue;
    const last = bar.frames - frames;
    const place = random.uniform();
    const around = bar.strikes[Math.floor(random.uniform() * bar.strikes.length)] ?? 0;
    const start = aimed
      ? Math.min(last, Math.max(0, around - burnIn - Math.floor(place * (frames - burnIn - 4))))
      : Math.floor(place * (last + 1));
    const from = start * oracleFeatures;
    data.features.set(bar.features.subarray(from, from + frames * oracleFeatures), s * frames * oracleFeatures);
    for (const name of outputs) {
      data[`target.${name}`].set(bar.truth.targets[name].subarray(start, start + frames), s * frames);
      data[`mask.${name}`].set(bar.truth.masks[name].subarray(start + burnIn, start + frames), s * frames + burnIn);
    }
    s++;
  }
  return { data };
}

/** An oracle that is ready to be told of bars. */
export interface Oracle {
  /** Onset logits, offsets and velocities of one bar, [frames] each. */
  readonly hear: (features: Float32Array, frames: number) => Promise<Readonly<Record<string, Float32Array>>>;
  /** Frees it. */
  readonly release: () => Promise<void>;
}

/** Opens an oracle; call `release` when done. */
export function openOracle(weights: Weights, runtime: Runtime): Oracle {
  const architecture = oracleArchitecture();
  const { states } = anatomy(architecture);
  const sessions = new Map<number, Awaited<ReturnType<Runtime>>>();
  return {
    hear: async (features, count) => {
      let session = sessions.get(count);
      if (!session) {
        session = await runtime(exportOnnx(architecture, weights, { batch: 1, frames: count }));
        sessions.set(count, session);
      }
      const fed = states.map(({ name, shape }) => [
        `state.${name}`,
        { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape },
      ]);
      const results = await session.run(
        {
          features: { data: features, shape: [1, count, oracleFeatures] },
          ...(Object.fromEntries(fed) as Record<string, { data: Float32Array; shape: readonly number[] }>),
        },
        [...outputs],
      );
      return Object.fromEntries(outputs.map((name) => [name, results[name].data as Float32Array]));
    },
    release: async () => {
      for (const session of sessions.values()) await session.release();
    },
  };
}
