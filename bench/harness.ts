// Races contenders for one kernel: correctness first, then interleaved rounds of calibrated batches.
import { heapBytesPerCall } from './allocation.js';
import { pairedRatio, relativeError, summarize, type Summary } from './statistics.js';

/** A contender, set up and ready to run. */
export interface Runner {
  /** Seconds that so many calls took. The clock is read outside the loop. */
  batch(calls: number): number | Promise<number>;
  /** What it computes from the shared input, to be held against the reference. */
  answer(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** One call, where the JS heap it takes is to be measured. */
  readonly call?: () => void;
  /** Bytes of linear memory it holds. */
  readonly wasmBytes?: () => number;
  /** Ends what it started. */
  close?(): void;
}

/** One entry of a race. */
export interface Contender {
  /** As printed. */
  readonly name: string;
  /** Ours, plain JS, a package, or native code. */
  readonly kind: 'ours' | 'js' | 'npm' | 'native';
  /** How its work or its answer differs from ours, in words. */
  readonly note?: string;
  /** Its version, known once opened. */
  readonly version?: () => string | undefined;
  /** Sets it up; rejects with the reason when it is not there. */
  readonly open: () => Promise<Runner>;
  /** Largest error allowed, over the largest value of the reference. */
  readonly tolerance: number;
  /** The float64 reference for what it computes, where that is not quite what the kernel's own reference holds. */
  readonly reference?: () => ArrayLike<number>;
  /** Which of our contenders it is measured against; the first one by default. */
  readonly against?: string;
  /** How many times as long as ours it must take at least. */
  readonly asked?: number;
  /** How many times as long as ours we would like it to take. */
  readonly stretch?: number;
}

/** A kernel's race: one shared input, one reference, many contenders. */
export interface Kernel {
  /** Short name, as `--only` takes it. */
  readonly name: string;
  /** One line: the work of one call. */
  readonly work: string;
  /** The float64 reference. */
  readonly reference: () => ArrayLike<number>;
  /** Ours first. */
  readonly contenders: readonly Contender[];
  /** Work per call in a unit that says more than seconds do: samples, seconds of sound. */
  readonly rate?: {
    readonly unit: string;
    readonly perCall: number;
    readonly asked?: number;
    readonly stretch?: number;
  };
}

/** How one contender did. */
export interface ContenderResult {
  readonly name: string;
  readonly kind: Contender['kind'];
  readonly version?: string;
  readonly note?: string;
  /** Why it could not be run. */
  readonly absent?: string;
  /** Its answer is not what it should be; it was not timed. */
  readonly wrong?: string;
  /** Largest error against its own reference, over the reference's maximum. */
  readonly error?: number;
  /** The same against the kernel's reference, where its own differs. */
  readonly departure?: number;
  /** Seconds per call, over the rounds. */
  readonly seconds?: Summary;
  /** Calls in a batch. */
  readonly batch?: number;
  /** Which of ours `ratio` is taken against. */
  readonly against?: string;
  /** Its time over ours, round by round. Above 1, ours is faster. */
  readonly ratio?: Summary;
  readonly asked?: number;
  readonly stretch?: number;
  /** JS heap per call, bytes. */
  readonly heapBytesPerCall?: number;
  /** Linear memory, bytes, and by how much it grew while running. */
  readonly wasm?: { readonly bytes: number; readonly grown: number };
}

/** How a race went. */
export interface KernelResult {
  readonly name: string;
  readonly work: string;
  readonly rounds: number;
  readonly rate?: Kernel['rate'];
  readonly contenders: readonly ContenderResult[];
}

/** How long to run. */
export interface RaceOptions {
  /** Rounds, each a turn of every contender. */
  readonly rounds: number;
  /** Shortest batch, seconds: long against the clock, short against the time between two interruptions. */
  readonly batchSeconds: number;
  /** Shortest turn, seconds; its fastest batch counts, so that a moment which another process took does not. */
  readonly turnSeconds: number;
  /** Shortest warm-up, seconds: enough for the optimising compilers. */
  readonly warmSeconds: number;
  /** Progress, in words. */
  readonly log?: (line: string) => void;
}

/** A runner for a function of this process that works at once. */
export function inProcess(
  call: () => void,
  answer: () => ArrayLike<number>,
  ours?: { readonly wasmBytes: () => number },
): Runner {
  return {
    batch(calls) {
      const started = performance.now();
      for (let i = 0; i < calls; i++) call();
      return (performance.now() - started) / 1000;
    },
    answer,
    ...(ours && { call, wasmBytes: ours.wasmBytes }),
  };
}

/** A runner for a function of this process that answers later, one call after the other. */
export function inProcessLater(run: () => Promise<ArrayLike<number>>): Runner {
  return {
    async batch(calls) {
      const started = performance.now();
      for (let i = 0; i < calls; i++) await run();
      return (performance.now() - started) / 1000;
    },
    answer: run,
  };
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

interface Entrant {
  readonly contender: Contender;
  readonly runner: Runner;
  readonly facts: Pick<ContenderResult, 'error' | 'departure'>;
  readonly seconds: number[];
  calls: number;
}

/** Runs batches, each larger than the last, until one is long enough and everything is warm. */
async function calibrate(runner: Runner, { batchSeconds, warmSeconds }: RaceOptions): Promise<number> {
  let calls = 1;
  for (let spent = 0; ;) {
    const seconds = await runner.batch(calls);
    spent += seconds;
    const wanted = Math.max(1, Math.ceil((calls * batchSeconds) / Math.max(seconds, 1e-7)));
    const enough = wanted <= calls;
    if (enough && spent >= warmSeconds) return wanted;
    // A cold first batch says little: never grow by more than ten times at once.
    calls = enough ? wanted : Math.min(wanted, calls * 10);
  }
}

/** Times everything that is there and right. */
export async function race(kernel: Kernel, options: RaceOptions): Promise<KernelResult> {
  const { log = () => undefined, rounds } = options;
  const reference = kernel.reference();
  const results = new Map<Contender, ContenderResult>();
  const entrants: Entrant[] = [];
  try {
    for (const contender of kernel.contenders) {
      const described = (): ContenderResult => ({
        name: contender.name,
        kind: contender.kind,
        version: contender.version?.(),
        note: contender.note,
        asked: contender.asked,
        stretch: contender.stretch,
      });
      let runner: Runner;
      try {
        runner = await contender.open();
      } catch (error) {
        results.set(contender, { ...described(), absent: reason(error) });
        log(`${kernel.name}: ${contender.name} is absent: ${reason(error)}`);
        continue;
      }
      try {
        const answer = Float64Array.from(await runner.answer());
        const own = contender.reference?.();
        const error = relativeError(answer, own ?? reference);
        const facts = {
          error,
          ...(own?.length === reference.length && { departure: relativeError(answer, reference) }),
        };
        if (!(error <= contender.tolerance)) {
          throw new Error(`error ${error.toExponential(1)}, allowed ${contender.tolerance.toExponential(1)}`);
        }
        const entrant = { contender, runner, facts, seconds: [], calls: await calibrate(runner, options) };
        entrants.push(entrant);
        results.set(contender, { ...described(), ...facts, batch: entrant.calls });
      } catch (error) {
        runner.close?.();
        results.set(contender, { ...described(), wrong: reason(error) });
        log(`${kernel.name}: ${contender.name} is wrong: ${reason(error)}`);
      }
    }
    log(`${kernel.name}: ${entrants.length} contenders, ${rounds} rounds`);
    for (let round = 0; round < rounds; round++) {
      // Another start and another direction each time, so that nobody always runs in the wake of the same other.
      for (let turn = 0; turn < entrants.length; turn++) {
        const step = round % 2 === 0 ? turn : entrants.length - 1 - turn;
        const entrant = entrants[(step + round) % entrants.length];
        // Who shares a machine with others first brings its own data back into the caches.
        await entrant.runner.batch(1);
        let fastest = Infinity;
        for (let spent = 0; spent < options.turnSeconds;) {
          const seconds = await entrant.runner.batch(entrant.calls);
          spent += seconds;
          fastest = Math.min(fastest, seconds / entrant.calls);
        }
        entrant.seconds.push(fastest);
      }
    }
    const ours = entrants.filter(({ contender }) => contender.kind === 'ours');
    for (const { contender, runner, seconds } of entrants) {
      const rival =
        contender.kind === 'ours'
          ? undefined
          : ours.find(({ contender: { name } }) => contender.against === undefined || name === contender.against);
      const before = runner.wasmBytes?.();
      const allocated = runner.call && heapBytesPerCall(runner.call, seconds[0]);
      results.set(contender, {
        ...results.get(contender)!,
        seconds: summarize(seconds),
        ...(rival && { against: rival.contender.name, ratio: pairedRatio(seconds, rival.seconds) }),
        ...(allocated !== undefined && { heapBytesPerCall: allocated }),
        ...(before !== undefined && { wasm: { bytes: before, grown: runner.wasmBytes!() - before } }),
      });
    }
  } finally {
    for (const { runner } of entrants) runner.close?.();
  }
  return {
    name: kernel.name,
    work: kernel.work,
    rounds,
    rate: kernel.rate,
    contenders: kernel.contenders.map((contender) => results.get(contender)!),
  };
}
