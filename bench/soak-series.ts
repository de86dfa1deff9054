// What a soak is asked, how its memory is sampled, and what its growth is; the same in Node and in a browser.
import type { Device } from '../src/model/devices.js';
import { median } from './statistics.js';

/** One soak. */
export interface SoakJob {
  /** A long stream on one session, or one model loaded and disposed over and over. */
  readonly kind: 'steps' | 'cycles';
  readonly device: Device;
  readonly model: string;
  /** Steps or cycles. */
  readonly count: number;
  /** Where the model runs: in a thread of its own as it ships, or where memory is measured, so that its heap is seen too. */
  readonly thread: 'own' | 'here';
  /** Bars of the strip; the instrument's own number by default. */
  readonly bars?: number;
}

/** A series of bytes, summed up. */
export interface Growth {
  /** Median of the early samples, after a sixth has been left to settle, bytes. */
  readonly early: number;
  /** Median of the last third, bytes. */
  readonly late: number;
  /** `late / early - 1`. */
  readonly ratio: number;
}

/** What came of it. */
export interface SoakResult {
  readonly job: SoakJob;
  /** JS heap and array buffers of the measuring thread. */
  readonly heap: Growth;
  /** Resident memory of the process. */
  readonly resident: Growth;
  /** TensorFlow.js: tensors that were not freed by the steps, and those left after release. */
  readonly tensors?: { readonly grown: number; readonly left: number };
}

const samples = 24;

/** Does the work `count` times and asks for the memory 24 times on the way. */
export async function samplesOf(
  { count }: Pick<SoakJob, 'count'>,
  work: () => Promise<unknown>,
  memory: () => Promise<{ readonly heap: number; readonly resident: number }>,
): Promise<{ readonly heap: readonly number[]; readonly resident: readonly number[] }> {
  const [heap, resident]: [number[], number[]] = [[], []];
  for (let k = 1; k <= count; k++) {
    await work();
    if (Math.floor((k * samples) / count) > Math.floor(((k - 1) * samples) / count)) {
      const now = await memory();
      heap.push(now.heap);
      resident.push(now.resident);
    }
  }
  return { heap, resident };
}

/** Compares medians of late samples with those of early ones: code that is compiled meanwhile has settled by then. */
export function growthOf(bytes: readonly number[]): Growth {
  const [settled, third] = [Math.floor(bytes.length / 6), Math.ceil(bytes.length / 3)];
  const [early, late] = [median(bytes.slice(settled, settled + third)), median(bytes.slice(-third))];
  return { early, late, ratio: late / early - 1 };
}
