// Elementary functions from + - * / and sqrt alone. ECMAScript leaves the last bits of Math.sin, exp, pow ... to the
// engine; a scene must be the same, to the pixel, in every engine, so src/scene uses these instead.

const piOver2High = 1.57079632673412561417;
const piOver2Low = 6.07710050650619224932e-11;
const ln2High = 6.9314718036912381649e-1;
const ln2Low = 1.90821492927058770002e-10;

/** Pi. */
export const pi = Math.PI;

/** Degrees to radians. */
export const radians = (degrees: number): number => (degrees * pi) / 180;

function sinPolynomial(x: number): number {
  const z = x * x;
  return (
    x +
    x *
      z *
      (-1 / 6 +
        z *
          (1 / 120 +
            z * (-1 / 5040 + z * (1 / 362880 + z * (-1 / 39916800 + z * (1 / 6227020800 - z / 1307674368000))))))
  );
}

function cosPolynomial(x: number): number {
  const z = x * x;
  return (
    1 +
    z *
      (-1 / 2 +
        z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z * (1 / 479001600 - z / 87178291200))))))
  );
}

/** Sine of `x` radians; error below 1e-14 for |x| < 1e6. */
export function sin(x: number): number {
  const k = Math.floor(x / (pi / 2) + 0.5);
  const r = x - k * piOver2High - k * piOver2Low;
  switch (k & 3) {
    case 0:
      return sinPolynomial(r);
    case 1:
      return cosPolynomial(r);
    case 2:
      return -sinPolynomial(r);
    default:
      return -cosPolynomial(r);
  }
}

/** Cosine of `x` radians; error below 1e-14 for |x| < 1e6. */
export function cos(x: number): number {
  const k = Math.floor(x / (pi / 2) + 0.5);
  const r = x - k * piOver2High - k * piOver2Low;
  switch (k & 3) {
    case 0:
      return cosPolynomial(r);
    case 1:
      return -sinPolynomial(r);
    case 2:
      return -cosPolynomial(r);
    default:
      return sinPolynomial(r);
  }
}

/** e to the `x`; relative error below 1e-14. Below -700 it is 0, above 700 it is e^700. */
export function exp(x: number): number {
  if (x < -700) return 0;
  const bounded = x > 700 ? 700 : x;
  const k = Math.floor(bounded / Math.LN2 + 0.5);
  const r = bounded - k * ln2High - k * ln2Low;
  let sum = 1;
  for (let n = 14; n > 0; n--) sum = 1 + (sum * r) / n;
  // Powers of two by multiplication: exact.
  let scale = 1;
  const factor = k < 0 ? 0.5 : 2;
  for (let n = k < 0 ? -k : k; n > 0; n--) scale *= factor;
  return sum * scale;
}

/** Natural logarithm of `x` > 0; error below 1e-14. Not positive: -Infinity. */
export function log(x: number): number {
  if (!(x > 0)) return -Infinity;
  let mantissa = x;
  let k = 0;
  while (mantissa > 1.4142135623730951) {
    mantissa /= 2;
    k++;
  }
  while (mantissa < 0.7071067811865476) {
    mantissa *= 2;
    k--;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let sum = 0;
  for (let n = 23; n > 0; n -= 2) sum = sum * z + 1 / n;
  return 2 * s * sum + k * ln2Low + k * ln2High;
}

/** `base` > 0 to the `exponent`; 0 for base 0 and below. */
export function pow(base: number, exponent: number): number {
  return base > 0 ? exp(exponent * log(base)) : 0;
}
