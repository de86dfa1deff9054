// Seeded random numbers, the same on every machine, whose state fits into a checkpoint.

/** xoshiro128**: small, fast, and good enough for weights and dropout masks. **Source:** Blackman & Vigna 2018. */
export class Random {
  readonly #state: Uint32Array;

  /** The stream of `seed`, or of a `seed` and a name: streams of different names are unrelated. */
  constructor(seed: number, name = '') {
    // FNV-1a over seed and name, expanded to four words by splitmix32.
    let hash = 0x811c9dc5;
    for (const char of `${seed}/${name}`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
    this.#state = Uint32Array.from({ length: 4 }, () => {
      hash = (hash + 0x9e3779b9) | 0;
      let word = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      return word ^ (word >>> 15);
    });
  }

  /** A copy of the four words of state. */
  get state(): Uint32Array {
    return this.#state.slice();
  }

  /** Continues from four words of state. */
  set state(words: ArrayLike<number>) {
    if (words.length !== 4) throw new RangeError(`expected 4 words of state, got ${words.length}`);
    this.#state.set(words);
  }

  /** Uniform integer, 0..2^32-1. */
  word(): number {
    const s = this.#state;
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform number in 0..1, 1 excluded. */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** Normal number of mean 0 and standard deviation 1. **Source:** Box & Muller 1958. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
