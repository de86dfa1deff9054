// One audio feature with FFTW3f, measured plans.
// `plain`: Hamming, zero-padded real FFT of nfft, band maxima. `zoom`: the algorithm our kernel uses, in native code: a
// window divided by the transform of a Kaiser-Bessel kernel, a short power-of-two FFT, interpolation at the bands' bins.
#include "child.h"
#include <fftw3.h>
#include <math.h>

static int32_t nfft, win, hop, windows, bands, *bins;
static float *hamming, *audio, *in, *result, scale;
static fftwf_complex *out;
static fftwf_plan plan;
static int next;

static void window_from(const float *from, const float *shape) {
  for (int i = 0; i < win; i++) in[i] = from[i] * shape[i];
}

static void plain(const float *from) {
  window_from(from, hamming);
  fftwf_execute(plan);
  for (int b = 0; b < bands; b++) {
    float most = 0;
    for (int k = bins[2 * b]; k <= bins[2 * b + 1]; k++) {
      float power = out[k][0] * out[k][0] + out[k][1] * out[k][1];
      most = power > most ? power : most;
    }
    result[b] = sqrtf(most) * scale;
  }
}

enum { grid = 8192, reach = 8, taps = reach + 4 };
static int centre, first, last, *groups, *starts;
static float *shape, *turn, *real, *imaginary;
static v16 *weights;

static double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 80; k++) sum += term *= (x / 2 / k) * (x / 2 / k);
  return sum;
}

static void zoom_tables(void) {
  double sigma = (double)grid / win;
  double beta = M_PI * sqrt(reach * reach / sigma / sigma * (sigma - .5) * (sigma - .5) - .8);
  centre = (win - 1) / 2;
  shape = aligned(4 * win);
  // The window is rotated so that its centre is at 0; undone by `turn` on the few grid points that are used.
  for (int i = 0; i < win; i++) {
    double n = i - centre, a = beta * beta - pow(M_PI * reach * n / grid, 2), r = sqrt(fabs(a));
    double transform = reach * (a > 0 ? sinh(r) / r : sin(r) / r);
    shape[i] = hamming[i] / transform;
  }
  first = (int)floor((double)bins[0] * grid / nfft) - reach;
  last = (int)ceil((double)bins[2 * bands - 1] * grid / nfft) + reach + 8;
  int count = last - first;
  turn = aligned(8 * count);
  real = aligned(4 * count), imaginary = aligned(4 * count);
  for (int k = 0; k < count; k++) {
    double angle = 2 * M_PI * ((double)(first + k) * centre / grid - floor((double)(first + k) * centre / grid));
    turn[k] = cos(angle), turn[count + k] = sin(angle);
  }
  groups = aligned(4 * bands);
  int total = 0;
  for (int b = 0; b < bands; b++) total += groups[b] = (bins[2 * b + 1] - bins[2 * b]) / 16 + 1;
  starts = aligned(4 * total);
  weights = aligned((size_t)total * taps * 64);
  for (int b = 0, g = 0; b < bands; b++)
    for (int j = 0; j < groups[b]; j++, g++) {
      int bin = bins[2 * b] + 16 * j, at = (int)floor((double)bin * grid / nfft - reach / 2.) + 1;
      starts[g] = at - first;
      for (int t = 0; t < taps; t++)
        for (int l = 0; l < 16; l++) {
          int k = bin + l < bins[2 * b + 1] ? bin + l : bins[2 * b + 1];
          double u = (double)k * grid / nfft - (at + t);
          weights[g * taps + t][l] = fabs(u) > reach / 2. ? 0 : bessel(beta * sqrt(1 - pow(2 * u / reach, 2)));
        }
    }
}

static void zoom(const float *from) {
  window_from(from, shape);
  fftwf_execute(plan);
  int count = last - first;
  for (int k = 0; k < count; k++) {
    float re = out[first + k][0], im = out[first + k][1];
    real[k] = re * turn[k] - im * turn[count + k];
    imaginary[k] = re * turn[count + k] + im * turn[k];
  }
  const v16 *w = weights;
  for (int b = 0, g = 0; b < bands; b++) {
    v16 most = {0};
    for (int j = 0; j < groups[b]; j++, g++) {
      v16 re = {0}, im = {0};
      const float *x = real + starts[g], *y = imaginary + starts[g];
      for (int t = 0; t < taps; t++, w++) re += x[t] * *w, im += y[t] * *w;
      v16 power = re * re + im * im;
      for (int l = 0; l < 16; l++) most[l] = power[l] > most[l] ? power[l] : most[l];
    }
    float peak = 0;
    for (int l = 0; l < 16; l++) peak = most[l] > peak ? most[l] : peak;
    result[b] = sqrtf(peak) * scale;
  }
}

static void (*feature)(const float *);

static void call(void) {
  feature(audio + hop * next);
  next = (next + 1) % windows;
}

static const float *answer(int32_t *count) {
  static float *both;
  if (!both) both = aligned(8 * bands);
  *count = 2 * bands;
  feature(audio), memcpy(both, result, 4 * bands);
  feature(audio + hop * (windows - 1)), memcpy(both + bands, result, 4 * bands);
  return both;
}

int main(int argc, char **argv) {
  int32_t *sizes = take(20);
  nfft = sizes[0], win = sizes[1], hop = sizes[2], windows = sizes[3], bands = sizes[4];
  bins = take(8 * bands);
  hamming = take(4 * win);
  audio = take(4 * (size_t)(hop * (windows - 1) + win));
  double sum = 0;
  for (int i = 0; i < win; i++) sum += hamming[i];
  scale = 2 / sum;
  int zooms = argc > 1 && !strcmp(argv[1], "zoom"), size = zooms ? grid : nfft;
  in = fftwf_alloc_real(size), out = fftwf_alloc_complex(size / 2 + 1);
  plan = fftwf_plan_dft_r2c_1d(size, in, out, FFTW_MEASURE);
  memset(in, 0, 4 * size);
  result = aligned(4 * bands);
  if (zooms) zoom_tables();
  feature = zooms ? zoom : plain;
  return serve(call, answer);
}
