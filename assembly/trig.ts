// Sine and cosine of a fraction of a turn, in float64: exact range reduction, two short polynomials, no tables.

/**
 * Sine of `turns` whole turns (1 = 2 pi). Error below 2e-16 for |turns| <= 1; beyond, the rounding of `turns` itself.
 * Source: the kernel polynomials of fdlibm's __kernel_sin and __kernel_cos, after reduction to an eighth of a turn.
 */
export function turnSin(turns: f64): f64 {
  const t = turns - nearest(turns);
  const quarter = nearest(t * 4);
  const x = (t - quarter * 0.25) * 6.283185307179586;
  const z = x * x;
  const odd = (<i32>quarter) & 1;
  const value = odd
    ? 1 -
      0.5 * z +
      z *
        z *
        (4.16666666666666019037e-2 +
          z *
            (-1.38888888888741095749e-3 +
              z *
                (2.48015872894767294178e-5 +
                  z * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11)))))
    : x +
      x *
        z *
        (-1.66666666666666324348e-1 +
          z *
            (8.33333333332248946124e-3 +
              z *
                (-1.98412698298579493134e-4 +
                  z *
                    (2.75573137070700676789e-6 + z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)))));
  return (<i32>quarter) & 2 ? -value : value;
}

/** Cosine of `turns` whole turns. */
export function turnCos(turns: f64): f64 {
  return turnSin(turns - nearest(turns) + 0.25);
}
