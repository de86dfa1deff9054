// What memory alone allows: a copy of one frame, and one reading pass over it.
#include "child.h"

static int32_t bytes;
static uint8_t *from, *to;
static float sum;

static void copy(void) {
  memcpy(to, from, bytes);
  __asm__ volatile("" ::"r"(to) : "memory");
}

static void reading(void) {
  const uint64_t *word = (const uint64_t *)from;
  uint64_t total = 0;
  for (int i = 0; i < bytes / 8; i++) total += word[i];
  __asm__ volatile("" ::"r"(total) : "memory");
}

static const float *answer(int32_t *count) {
  copy();
  uint64_t total = 0;
  for (int i = 0; i < bytes; i++) total += to[i];
  sum = total;
  *count = 1;
  return &sum;
}

int main(int argc, char **argv) {
  bytes = *(int32_t *)take(4);
  from = take(bytes), to = aligned(bytes);
  return serve(argc > 1 && !strcmp(argv[1], "read") ? reading : copy, answer);
}
