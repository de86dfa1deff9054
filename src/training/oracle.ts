// The oracle: a small network that is told where every mallet's head and shadow are, to 0.3 pixels, and where the bars are.
// What it cannot tell apart, no network that sees only pixels of such scenes can be asked to: it says how hard they are.
import { type Family, seedsPerFamily } from '../scene/families.js';
import { type SceneTracks, sceneTracks, type TrackPoint } from '../scene/tracks.js';
import type { CalibratedBar, Point } from '../types.js';
import { calibrationRows, visibleBars } from '../video/calibration.js';
import { awayFromBar, barAxes } from './bar-axes.js';
import { dense, heads, lstm, relu } from './layers/index.js';
import type { Answers } from './listen.js';
import type { Architecture } from './network.js';
import { Random } from './random.js';

/** Standard deviation of the places it is told, pixels of a picture 320 wide. */
export const oracleNoise = 0.3;

/** The one head it answers with. */
export const oracleHead = { output: 'onset', latency: 2 } as const;

/** Numbers it is told of each mallet: place, movement, the shadow's place from the head, its movement, and whether there is one. */
const perMallet = 9;
/** Mallets nearest to the bar that it is told of. */
const nearest = 2;
/** Numbers it is told of each bar and frame: those, the bar's two axes in pixels, and the frame's length. */
export const oracleFeatures = nearest * perMallet + 5;

/** The oracle's network: every bar on its own, [features] to one note. */
export function oracleArchitecture(): Architecture {
  return {
    name: 'oracle',
    options: {},
    input: { name: 'features', shape: [oracleFeatures] },
    notes: 1,
    layers: [
      dense({ units: 64 }),
      relu({}),
      dense({ units: 64 }),
      relu({}),
      lstm({ units: 64 }),
      heads({ outputs: ['onset', 'offset', 'velocity'], notes: 1 }),
    ],
  };
}

/** A scene as the oracle is told of it. */
export interface OracleClip {
  readonly truth: SceneTracks['truth'];
  /** Rows of bars that can be seen, nearest the player first. */
  readonly rows: readonly {
    readonly midi: readonly number[];
    /** [bars][frames x features]. */
    readonly features: readonly Float32Array[];
    /** [bars] largest closeness of any mallet's head: 1 is above the bar. */
    readonly busy: Float32Array;
  }[];
}

const limit = (value: number, most: number): number => Math.min(most, Math.max(-most, value));

/** What the oracle is told of a scene. The same arguments give the same numbers. */
export function oracleClip(seed: number, family: Family, seconds: number): OracleClip {
  const { truth, mallets } = sceneTracks(seed, family, { width: 320, height: 180, seconds });
  const random = new Random(seed, `oracle ${family}`);
  const blur = ([x, y]: Point): Point => [x + oracleNoise * random.normal(), y + oracleNoise * random.normal()];
  const seen = mallets.map((track) =>
    track.map(({ head, shadow }) => ({ head: blur(head), ...(shadow ? { shadow: blur(shadow) } : {}) })),
  );
  const visible = visibleBars(truth.calibration);
  const bars = visible.bars.length > 0 ? calibrationRows(visible) : [];
  return {
    truth,
    rows: bars.map((row) => {
      const told = row.map((bar) => tell(bar, seen, truth.times));
      return {
        midi: row.map(({ midi }) => midi),
        features: told.map(({ features }) => features),
        busy: Float32Array.from(told, ({ busy }) => busy),
      };
    }),
  };
}

function tell(
  { quad }: CalibratedBar,
  mallets: readonly (readonly Omit<TrackPoint, 'height'>[])[],
  times: readonly number[],
): { features: Float32Array; busy: number } {
  const { along, across, measure } = barAxes(quad);
  const features = new Float32Array(times.length * oracleFeatures);
  const places = mallets.map((track) =>
    track.map(({ head, shadow }) => ({ head: measure(head), ...(shadow ? { shadow: measure(shadow) } : {}) })),
  );
  let busy = 0;
  for (let k = 0; k < times.length; k++) {
    const away = places.map((track) => awayFromBar(track[k].head));
    const order = [...away.keys()].sort((a, b) => away[a] - away[b]).slice(0, nearest);
    const at = k * oracleFeatures;
    const before = Math.max(0, k - 1);
    for (const [n, m] of order.entries()) {
      busy = Math.max(busy, 1 / (1 + away[m]));
      const [now, last] = [places[m][k], places[m][before]];
      const shade = now.shadow ? [now.shadow[0] - now.head[0], now.shadow[1] - now.head[1]] : [0, 0];
      const shadeLast = last.shadow ? [last.shadow[0] - last.head[0], last.shadow[1] - last.head[1]] : [0, 0];
      features.set(
        [
          limit(now.head[0], 4),
          limit(now.head[1], 3),
          limit(5 * (now.head[0] - last.head[0]), 6),
          limit(10 * (now.head[1] - last.head[1]), 6),
          limit(2 * shade[0], 6),
          limit(4 * shade[1], 6),
          limit(5 * (shade[0] - shadeLast[0]), 6),
          limit(10 * (shade[1] - shadeLast[1]), 6),
          now.shadow ? 1 : 0,
        ],
        at + n * perMallet,
      );
    }
    for (let n = order.length; n < nearest; n++) features[at + n * perMallet] = 4;
    const length = k > 0 ? times[k] - times[k - 1] : times[1] - times[0];
    features.set([along[0] / 50, along[1] / 50, across[0] / 15, across[1] / 15, 25 * length], at + nearest * perMallet);
  }
  return { features, busy };
}

/** Answers of the oracle about clips, from a function that runs its network over one bar's features. */
export async function oracleAnswers(
  hear: (features: Float32Array, frames: number) => Promise<Readonly<Record<string, Float32Array>>>,
  { family, clips, first = 0, seconds }: { family: Family; clips: number; first?: number; seconds: number },
): Promise<Answers[]> {
  const all: Answers[] = [];
  for (let i = 0; i < clips; i++) {
    const { truth, rows } = oracleClip((first + i) % seedsPerFamily, family, seconds);
    const frames = truth.times.length;
    const midi = new Set(rows.flatMap((row) => row.midi));
    const answers: Answers['rows'][number][] = [];
    for (const row of rows) {
      const bars = row.midi.length;
      const [onset, velocity, offset] = [0, 1, 2].map(() => new Float32Array(frames * bars));
      for (const [b, features] of row.features.entries()) {
        const said = await hear(features, frames);
        for (let k = 0; k < frames; k++) {
          onset[k * bars + b] = 1 / (1 + Math.exp(-said.onset[k]));
          velocity[k * bars + b] = said.velocity[k];
          offset[k * bars + b] = said.offset[k];
        }
      }
      answers.push({ midi: row.midi, heads: { onset }, velocity, offset });
    }
    all.push({
      times: truth.times,
      seconds: truth.duration,
      truth: truth.strikes.filter((strike) => midi.has(strike.midi)),
      rows: answers,
    });
  }
  return all;
}
