// One rendered clip through a model, step by step, every output and state kept: what runtimes are compared by.
import { loadKernels } from '../../src/kernels/module.js';
import { Rectifier } from '../../src/kernels/rectifier.js';
import type { ModelCard } from '../../src/model/card.js';
import type { Session, Tensor } from '../../src/model/onnx-runtime.js';
import { StrikePicker } from '../../src/model/pick.js';
import { scene } from '../../src/scene/scene.js';
import { visibleBars } from '../../src/video/calibration.js';
import { barStrips } from '../../src/video/strip.js';
import type { Strike } from '../../src/types.js';

/** The strips of a clip. */
export interface StripClip {
  readonly midi: readonly number[];
  readonly times: readonly number[];
  /** [3 x 48 x 12 (bars + 2)] each. */
  readonly images: readonly Float32Array[];
}

/** Somebody plays; the same pixels in every engine. */
export async function renderStrips(frames: number): Promise<StripClip> {
  const [width, height] = [160, 90];
  const { truth, frames: pictures } = scene(42, 'train', { seconds: 9, width, height });
  const strip = barStrips(visibleBars(truth.calibration))[0];
  const rectifier = new Rectifier(await loadKernels(), { width, height, format: 'gray8' }, { warps: [strip] });
  const images: Float32Array[] = [];
  const { times } = truth;
  for (const { index, pixels } of pictures()) {
    if (index === frames) break;
    rectifier.run(index > 0 ? times[index] - times[index - 1] : times[1], pixels);
    images.push(rectifier.views[0].output.slice());
  }
  return { midi: strip.midi, times: times.slice(0, frames), images };
}

/** Everything a model answers: outputs [frames x bars] and states after each frame, [frames x ...], by name. */
export type Trace = Readonly<Record<string, Float32Array>>;

/** Runs the clip from silence. */
export async function traceOf(session: Session, card: ModelCard, { midi, images }: StripClip): Promise<Trace> {
  const [channels, height] = card.input.shape;
  const shape = [1, channels, height, card.input.cellWidth! * (midi.length + 2)];
  let states: Record<string, Tensor> = Object.fromEntries(
    card.states.map(({ name, shape: sizes }) => {
      const size = sizes.map((n) => (n === 'bars' ? midi.length : n));
      return [`state.${name}`, { data: new Float32Array(size.reduce((a, b) => a * b)), shape: size }];
    }),
  );
  const names = [...card.outputs, ...card.states.map(({ name }) => `next.${name}`)];
  const parts = new Map(names.map((name): [string, Float32Array[]] => [name, []]));
  for (const image of images) {
    const results = await session.run({ [card.input.name]: { data: image, shape }, ...states }, names);
    for (const [name, list] of parts) list.push(Float32Array.from(results[name].data));
    states = Object.fromEntries(card.states.map(({ name }) => [`state.${name}`, results[`next.${name}`]]));
  }
  return Object.fromEntries(
    [...parts].map(([name, list]) => {
      const all = new Float32Array(list.length * list[0].length);
      list.forEach((part, k) => {
        all.set(part, k * part.length);
      });
      return [name, all];
    }),
  );
}

/**
 * Largest difference of any number, of those beyond 1 (cells of a recurrence reach thousands) as a part of it; as many steps as `got`
 * has.
 */
export function largestDifference(got: Trace, expected: Trace): number {
  const names = Object.keys(expected);
  if (names.length === 0 || names.some((name) => !(name in got) || got[name].length === 0)) return Infinity;
  return Math.max(
    ...names.map((name) =>
      got[name].reduce((worst, x, k) => {
        const apart = Math.abs(x - expected[name][k]) / Math.max(1, Math.abs(expected[name][k]));
        return apart <= worst ? worst : Number.isNaN(apart) ? Infinity : apart;
      }, 0),
    ),
  );
}

/** The strikes of a head in a trace. */
export function strikesOf(
  trace: Trace,
  { onsets }: ModelCard,
  { midi, times }: StripClip,
  threshold: number,
): Strike[] {
  const [{ output, latency }] = onsets;
  const picker = new StrikePicker(midi.map((note) => ({ midi: note })), { threshold, latency }); // prettier-ignore
  const bars = midi.length;
  const strikes: Strike[] = [];
  for (let k = 0; k * bars < trace[output].length; k++) {
    const logits = trace[output].subarray(k * bars, (k + 1) * bars);
    strikes.push(...picker.push({ time: times[k], onset: logits.map((x) => 1 / (1 + Math.exp(-x))) }));
  }
  return strikes;
}
