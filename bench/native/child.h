// The frame that every native reference hangs in: reads its input, then answers requests until its input ends.
// A request is two int32: 0 and a number of calls -> float64 seconds; 1 and anything -> float64 count, then float32s.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Sixteen lanes: one AVX-512 register, two AVX ones, four of NEON or SSE; the compiler splits it as it must.
typedef float v16 __attribute__((vector_size(64)));
typedef float v16u __attribute__((vector_size(64), aligned(4)));

static void *aligned(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
  if (!p) exit(3);
  memset(p, 0, (bytes + 127) & ~(size_t)63);
  return p;
}

// Reads the next bytes of the input into fresh memory, 64-byte aligned, zeros after the end.
static void *take(size_t bytes) {
  void *p = aligned(bytes);
  if (fread(p, 1, bytes, stdin) != bytes) exit(2);
  return p;
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// `call` does the work once; `answer` fills in where its result for the check lies and how long that is.
static int serve(void (*call)(void), const float *(*answer)(int32_t *count)) {
  int32_t request[2];
  while (fread(request, 4, 2, stdin) == 2) {
    if (request[0] == 0) {
      double started = seconds();
      for (int32_t i = 0; i < request[1]; i++) call();
      double took = seconds() - started;
      fwrite(&took, 8, 1, stdout);
    } else {
      int32_t count;
      const float *values = answer(&count);
      double length = count;
      fwrite(&length, 8, 1, stdout);
      fwrite(values, 4, count, stdout);
    }
    fflush(stdout);
  }
  return 0;
}
