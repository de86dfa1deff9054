// How much JS heap a call takes.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from './statistics.js';

let collect: (() => void) | undefined;

/** Runs the garbage collector, whether or not Node was started with --expose-gc. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

function heapGrowth(call: () => void, calls: number): number {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < calls; i++) call();
  return process.memoryUsage().heapUsed - before;
}

/**
 * Bytes of JS heap that one call takes: growth over many calls, less what the same loop takes around a call that does
 * nothing, as the median of several tries, to the whole byte. Measured once the engine has optimised the call: before
 * that, every fraction that passes through it is a number on the heap.
 * @param seconds about what a call takes, so that a try stays short.
 */
export function heapBytesPerCall(call: () => void, seconds: number): number {
  for (let i = Math.min(30_000, 2 / seconds); i > 0; i--) call();
  const calls = Math.max(50, Math.min(5000, Math.round(0.1 / seconds)));
  const nothing = (): void => undefined;
  const tries = Array.from({ length: 7 }, () => heapGrowth(call, calls) - heapGrowth(nothing, calls));
  return Math.max(0, Math.round(median(tries) / calls));
}
