// The scene's own random numbers: sfc32, seeded by a number and the name of what is drawn, so that a new draw in one
// place changes nothing in another.
import { cos, exp, log, pi } from './exact-math.js';

/**
 * A stream of random numbers, the same on every engine.
 * **Source:** sfc32, C. Doty-Humphrey, PractRand; 2^128 states, passes BigCrush.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /**
   * @param seed any whole number up to 2^53.
   * @param stream what is drawn, for example "camera".
   */
  constructor(seed: number, stream: string) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
    this.a = seed | 0;
    this.b = Math.floor(seed / 4294967296) | 0;
    this.c = hash | 0;
    for (let i = 0; i < 15; i++) this.bits();
  }

  /** 32 random bits, signed. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    this.c |= 0;
    return t;
  }

  /** Uniform, 0 <= x < 1. */
  unit(): number {
    return (this.bits() >>> 0) / 4294967296;
  }

  /** Uniform, low <= x < high. */
  range(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** Uniform in the logarithm, low <= x < high, both positive. */
  ratio(low: number, high: number): number {
    return low * exp(this.unit() * log(high / low));
  }

  /** A whole number, low <= n <= high. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.unit() < p;
  }

  /** Normal with mean 0 and deviation 1, cut at 3. */
  gauss(): number {
    for (;;) {
      const g = Math.sqrt(-2 * log(1 - this.unit())) * cos(2 * pi * this.unit());
      if (g > -3 && g < 3) return g;
    }
  }

  /** One of the items, equally likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)];
  }

  /** One of the keys, with the given weights. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries[entries.length - 1][0];
  }
}

/** A hash of two whole numbers, 0 <= x < 1. */
export function hash(x: number, y: number): number {
  let h = (Math.imul(x, 374761393) + Math.imul(y, 668265263)) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
