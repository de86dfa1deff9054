// Ringing bars in native code: sums of exponentially decaying sines that all start at once.
// y[n+64] = 2 r^64 cos(64w) y[n] - r^128 y[n-64] in sixteen-lane vectors, four in flight, seeded anew every 1024 samples.
#include "child.h"
#include <math.h>

enum { lanes = 64, block = 1024 };
static int32_t modes, samples;
static double *step, *decay, *gain;
static float *out, *sines, *cosines;

static void call(void) {
  for (int start = 0; start < samples; start += block) {
    float *o = out + start;
    for (int k = 0; k < modes; k++) {
      double phase = fmod(step[k] * start, 2 * M_PI), level = gain[k] * pow(decay[k], start);
      float s = level * sin(phase), c = level * cos(phase), damp = pow(decay[k], 2 * lanes);
      float twice = 2 * pow(decay[k], lanes) * cos(lanes * step[k]);
      const v16 *sw = (v16 *)(sines + k * 2 * lanes), *cw = (v16 *)(cosines + k * 2 * lanes);
      v16 past[4], now[4];
      for (int q = 0; q < 4; q++) past[q] = s * cw[q] + c * sw[q], now[q] = s * cw[q + 4] + c * sw[q + 4];
      for (int n = 0; n < block; n += lanes)
        for (int q = 0; q < 4; q++) {
          v16 *to = (v16 *)(o + n + 16 * q);
          *to = k == 0 ? now[q] : now[q] + *to;
          v16 then = twice * now[q] - damp * past[q];
          past[q] = now[q], now[q] = then;
        }
    }
  }
}

static const float *answer(int32_t *count) {
  call();
  *count = samples;
  return out;
}

int main(void) {
  int32_t *sizes = take(8);
  modes = sizes[0], samples = sizes[1];
  step = take(8 * modes), decay = take(8 * modes), gain = take(8 * modes);
  out = aligned(4 * ((size_t)samples + block));
  sines = aligned(4 * modes * 2 * lanes), cosines = aligned(4 * modes * 2 * lanes);
  for (int k = 0; k < modes; k++)
    for (int j = 0; j < 2 * lanes; j++) {
      double level = pow(decay[k], j - lanes), angle = step[k] * (j - lanes);
      sines[k * 2 * lanes + j] = level * sin(angle), cosines[k * 2 * lanes + j] = level * cos(angle);
    }
  return serve(call, answer);
}
