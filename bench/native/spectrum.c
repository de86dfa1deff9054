// One audio feature with FFTW3f, measured plans.
// `plain`: Hamming, zero-padded real FFT of nfft, band maxima. `zoom`: a window divided by the transform of a
// Kaiser-Bessel kernel, a short power-of-two FFT, interpolation at the bands' bins. `halved`: the same after the sample
// rate has been halved twice, which is the way of our kernel, in native code.
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

enum { reach = 8, taps = reach + 4, short_half = 7, long_half = 14, margin = 64 };
static int grid = 8192, halvings, length, centre, first, last, *groups, *starts;
static float *shape, *turn, *real, *imaginary;
static float *even, *odd, *half_rate, *even2, *odd2, short_taps[short_half], long_taps[long_half];
static v16 *weights;

static double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 80; k++) sum += term *= (x / 2 / k) * (x / 2 / k);
  return sum;
}

// Half-band low-pass: every second tap is 0 but the middle one, which is 1/2. Kaiser window, 120 dB.
static void half_band(float *to, int count) {
  double beta = .1102 * (120 - 8.7), sum = 0, h[long_half];
  for (int j = 0; j < count; j++) {
    double n = 2 * j + 1, x = M_PI * n / 2;
    sum += h[j] = sin(x) / x * bessel(beta * sqrt(1 - pow(n / (2 * count), 2)));
  }
  for (int j = 0; j < count; j++) to[j] = h[j] / sum / 4;
}

static double half_band_gain(const float *h, int count, double angle) {
  double gain = .5;
  for (int j = 0; j < count; j++) gain += 2 * h[j] * cos(angle * (2 * j + 1));
  return gain;
}

// Sample m of the half rate lies at sample 2m = even[m].
static inline __attribute__((always_inline)) void halve(const float *e, const float *o, const float *h, const int count,
                                                        int from, int to, float *out) {
  for (int m = from; m < to; m += 16) {
    v16 sum = .5f * *(const v16u *)(e + m);
#pragma GCC unroll 14
    for (int j = 0; j < count; j++) sum += h[j] * (*(const v16u *)(o + m - 1 - j) + *(const v16u *)(o + m + j));
    *(v16u *)(out + m) = sum;
  }
}

static void zoom_tables(void) {
  int rate = 1 << halvings;
  length = halvings ? win / 4 + 40 : win;
  double sigma = (double)grid / length;
  double beta = M_PI * sqrt(reach * reach / sigma / sigma * (sigma - .5) * (sigma - .5) - .8);
  centre = length / 2;
  shape = aligned(4 * length + 64);
  for (int i = 0; i < length; i++) {
    double n = i - centre, a = beta * beta - pow(M_PI * reach * n / grid, 2), r = sqrt(fabs(a));
    double transform = reach * (a > 0 ? sinh(r) / r : sin(r) / r);
    shape[i] = (halvings ? rate : hamming[i]) / transform;
  }
  if (halvings) {
    half_band(short_taps, short_half), half_band(long_taps, long_half);
    int room = 4 * (win / 2 + 4 * margin);
    even = (float *)aligned(room) + margin, odd = (float *)aligned(room) + margin;
    half_rate = (float *)aligned(room) + margin;
    even2 = (float *)aligned(room) + margin, odd2 = (float *)aligned(room) + margin;
  }
  double spacing = (double)grid * rate / nfft;
  first = (int)floor(bins[0] * spacing) - reach;
  last = (int)ceil(bins[2 * bands - 1] * spacing) + reach + 8;
  int count = last - first;
  turn = aligned(8 * count);
  real = aligned(4 * count), imaginary = aligned(4 * count);
  // The transform must see the centre of the frame as time 0: undone on the few grid points that are used.
  for (int k = 0; k < count; k++) {
    double turns = (double)(first + k) * centre / grid, angle = 2 * M_PI * (turns - floor(turns));
    turn[k] = cos(angle), turn[count + k] = sin(angle);
  }
  groups = aligned(4 * bands);
  int total = 0;
  for (int b = 0; b < bands; b++) total += groups[b] = (bins[2 * b + 1] - bins[2 * b]) / 16 + 1;
  starts = aligned(4 * total);
  weights = aligned((size_t)total * taps * 64);
  for (int b = 0, g = 0; b < bands; b++)
    for (int j = 0; j < groups[b]; j++, g++) {
      int bin = bins[2 * b] + 16 * j, at = (int)floor(bin * spacing - reach / 2.) + 1;
      starts[g] = at - first;
      for (int t = 0; t < taps; t++)
        for (int l = 0; l < 16; l++) {
          int k = bin + l < bins[2 * b + 1] ? bin + l : bins[2 * b + 1];
          double u = k * spacing - (at + t), angle = 2 * M_PI * k / nfft, gain = 1;
          if (halvings)
            gain = half_band_gain(short_taps, short_half, angle) * half_band_gain(long_taps, long_half, 2 * angle);
          weights[g * taps + t][l] =
              fabs(u) > reach / 2. ? 0 : bessel(beta * sqrt(1 - pow(2 * u / reach, 2))) / gain;
        }
    }
}

static void zoom(const float *from) {
  if (halvings) {
    int pairs = win / 2;
    for (int m = 0; m < pairs; m++) {
      even[m] = from[2 * m] * hamming[2 * m];
      odd[m] = from[2 * m + 1] * hamming[2 * m + 1];
    }
    if (win % 2) even[pairs] = from[win - 1] * hamming[win - 1];
    halve(even, odd, short_taps, short_half, -16, pairs + 16, half_rate);
    for (int m = -8; m < pairs / 2 + 8; m++) even2[m] = half_rate[2 * m], odd2[m] = half_rate[2 * m + 1];
    // Twenty samples before the frame's first: what the filters let ring ahead of it.
    halve(even2, odd2, long_taps, long_half, -20, length - 20, half_rate);
    for (int i = 0; i < length; i++) in[i] = half_rate[i - 20] * shape[i];
  } else {
    window_from(from, shape);
  }
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
  int zooms = argc > 1 && strcmp(argv[1], "plain");
  if (zooms && !strcmp(argv[1], "halved")) halvings = 2, grid = 2048;
  int size = zooms ? grid : nfft;
  in = fftwf_alloc_real(size), out = fftwf_alloc_complex(size / 2 + 1);
  plan = fftwf_plan_dft_r2c_1d(size, in, out, FFTW_MEASURE);
  memset(in, 0, 4 * size);
  result = aligned(4 * bands);
  if (zooms) zoom_tables();
  feature = zooms ? zoom : plain;
  return serve(call, answer);
}
