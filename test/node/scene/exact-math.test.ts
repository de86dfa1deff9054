// The scene's own functions against the engine's, and that src/scene uses nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cos, exp, log, pow, sin } from '../../../src/scene/exact-math.js';

describe('exact math', () => {
  it('agrees with the engine', () => {
    // Measured over a million draws: sin and cos 1.1e-15 absolute; exp 2.2e-16, log 1.2e-16 and pow 7.5e-15 relative.
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (x) => {
        expect(Math.abs(sin(x) - Math.sin(x))).toBeLessThan(5e-15);
        expect(Math.abs(cos(x) - Math.cos(x))).toBeLessThan(5e-15);
        const e = x / 20;
        expect(Math.abs(exp(e) / Math.exp(e) - 1)).toBeLessThan(1e-15);
        const p = Math.exp(e);
        expect(Math.abs(log(p) - Math.log(p))).toBeLessThan(5e-16 * (1 + Math.abs(e)));
        expect(Math.abs(pow(p, 2.4) / p ** 2.4 - 1)).toBeLessThan(3e-14);
      }),
      { numRuns: 2000 },
    );
  });

  it('has its ends', () => {
    expect(exp(-800)).toBe(0);
    expect(exp(0)).toBe(1);
    expect(exp(900)).toBe(exp(700));
    expect(log(0)).toBe(-Infinity);
    expect(log(1)).toBe(0);
    expect(pow(0, 2.2)).toBe(0);
    expect(sin(0)).toBe(0);
  });

  it('is all that src/scene computes with', () => {
    const folder = new URL('../../../src/scene/', import.meta.url);
    // What ECMAScript defines to the last bit; the rest is implementation-approximated.
    const exact = new Set([
      'PI',
      'LN2',
      'sqrt',
      'floor',
      'ceil',
      'abs',
      'min',
      'max',
      'imul',
      'sign',
      'trunc',
      'round',
    ]);
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.ts'))) {
      const code = readFileSync(new URL(name, folder), 'utf8').replace(/\/\/.*|\/\*[^]*?\*\//g, '');
      for (const [, member] of code.matchAll(/\bMath\.(\w+)/g))
        expect(exact, `${name} uses Math.${member}`).toContain(member);
      expect(code, `${name} uses **`).not.toMatch(/\*\*/);
      // Nothing of a host: scenes render in workers and browsers alike.
      for (const [, from] of code.matchAll(/from '([^']+)'/g))
        expect(from, name).toMatch(/^\.\/|^\.\.\/(types|frame-rate|kernels\/(instance|module))\.js$/);
      expect(code, `${name} draws from the clock or the engine`).not.toMatch(/Math\.random|Date\b|performance\.now/);
    }
  });
});
