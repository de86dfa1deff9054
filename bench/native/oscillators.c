// Additive synthesis in native code: phase continuous, amplitudes linear from frame to frame, set-up included.
// `sine`: sinf, which gcc turns into calls of glibc's vector library. `recurrence`: y[n+64] = 2cos(64w) y[n] - y[n-64]
// in sixteen-lane vectors, four in flight, seeded anew in every frame by the addition theorem.
#include "child.h"
#include <math.h>

enum { lanes = 64 };
static int32_t notes, frames, hop;
static double *step;
static float *amplitude, *out, *sines, *cosines;

static void sine(void) {
  for (int f = 0; f < frames; f++) {
    float *o = out + (size_t)f * hop;
    memset(o, 0, 4 * hop);
    for (int k = 0; k < notes; k++) {
      float a = amplitude[f * notes + k], d = (amplitude[(f + 1) * notes + k] - a) / hop, w = step[k];
      float phase = fmod(step[k] * f * hop, 2 * M_PI);
      for (int n = 0; n < hop; n++) o[n] += (a + d * n) * sinf(phase + w * n);
    }
  }
}

static void recurrence(void) {
  const v16 ramp = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (int f = 0; f < frames; f++) {
    float *o = out + (size_t)f * hop;
    for (int k = 0; k < notes; k++) {
      float a0 = amplitude[f * notes + k], d = (amplitude[(f + 1) * notes + k] - a0) / hop;
      double phase = fmod(step[k] * f * hop, 2 * M_PI);
      float s = sin(phase), c = cos(phase), twice = 2 * cos(lanes * step[k]);
      const v16 *sw = (v16 *)(sines + k * 2 * lanes), *cw = (v16 *)(cosines + k * 2 * lanes);
      v16 past[4], now[4], a[4];
      for (int q = 0; q < 4; q++) {
        past[q] = s * cw[q] + c * sw[q];
        now[q] = s * cw[q + 4] + c * sw[q + 4];
        a[q] = a0 + d * (ramp + 16.f * q);
      }
      for (int n = 0; n < hop; n += lanes)
        for (int q = 0; q < 4; q++) {
          v16u *to = (v16u *)(o + n + 16 * q);
          v16 sum = a[q] * now[q];
          *to = k == 0 ? sum : sum + *to;
          a[q] += d * (float)lanes;
          v16 then = twice * now[q] - past[q];
          past[q] = now[q], now[q] = then;
        }
    }
  }
}

static const float *answer(int32_t *count) {
  *count = frames * hop;
  recurrence();
  return out;
}

static const float *answer_sine(int32_t *count) {
  *count = frames * hop;
  sine();
  return out;
}

int main(int argc, char **argv) {
  int32_t *sizes = take(12);
  notes = sizes[0], frames = sizes[1], hop = sizes[2];
  step = take(8 * notes);
  amplitude = take(4 * notes * (frames + 1));
  // The last vectors of a frame run past its end; the next frame writes over that, the last one into the slack.
  out = aligned(4 * ((size_t)frames * hop + lanes));
  sines = aligned(4 * notes * 2 * lanes), cosines = aligned(4 * notes * 2 * lanes);
  for (int k = 0; k < notes; k++)
    for (int j = 0; j < 2 * lanes; j++) {
      sines[k * 2 * lanes + j] = sin(step[k] * (j - lanes));
      cosines[k * 2 * lanes + j] = cos(step[k] * (j - lanes));
    }
  int rotates = argc > 1 && !strcmp(argv[1], "recurrence");
  return serve(rotates ? recurrence : sine, rotates ? answer : answer_sine);
}
