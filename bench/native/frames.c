// One video frame to small gray with FFmpeg's libswscale: rgba|luma, then bilinear|area, as in `rgba-area`.
#include "child.h"
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>

static int32_t width, height, small_width, small_height;
static uint8_t *frame, *small;
static int stride;
static struct SwsContext *context;

static void call(void) {
  const uint8_t *const from[4] = {frame};
  const int from_stride[4] = {stride}, to_stride[4] = {small_width};
  uint8_t *const to[4] = {small};
  sws_scale(context, from, from_stride, 0, height, to, to_stride);
}

static const float *answer(int32_t *count) {
  static float *gray;
  *count = small_width * small_height;
  if (!gray) gray = aligned(4 * *count);
  call();
  for (int i = 0; i < *count; i++) gray[i] = small[i] / 255.f;
  return gray;
}

int main(int argc, char **argv) {
  const char *kind = argc > 1 ? argv[1] : "rgba-bilinear";
  int rgba = !strncmp(kind, "rgba", 4), area = strstr(kind, "area") != NULL;
  int32_t *sizes = take(16);
  width = sizes[0], height = sizes[1], small_width = sizes[2], small_height = sizes[3];
  stride = width * (rgba ? 4 : 1);
  frame = take((size_t)stride * height);
  small = aligned(small_width * small_height);
  context = sws_getContext(width, height, rgba ? AV_PIX_FMT_RGBA : AV_PIX_FMT_GRAY8, small_width, small_height,
                           AV_PIX_FMT_GRAY8, area ? SWS_AREA : SWS_BILINEAR, NULL, NULL, NULL);
  if (!context) return 4;
  // Full range on both sides: 0..255, as everybody else computes.
  const int *bt601 = sws_getCoefficients(SWS_CS_ITU601);
  sws_setColorspaceDetails(context, bt601, 1, bt601, 1, 0, 1 << 16, 1 << 16);
  return serve(call, answer);
}
