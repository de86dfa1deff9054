"""Golden pictures for FrameStack, made by Pillow (antialiased) and scikit-image (bilinear).

    /usr/bin/python3 test/golden/frame-stack.py

writes frame-stack.json beside this file: per case the source and output size, the gray mode (null: a luma plane) and
the resized gray picture, 0..1, as base64 of little-endian float32. The source pictures are not stored: the test
computes the same bytes as `source` below.

antialiased  Pillow's BILINEAR on float32 gray (mode F): coefficients and sums in float64, stored as float32 after each
             pass. An exact match in definition, so only rounding differs.
bilinear     scikit-image 0.13's `resize` spelled out (its default mode was 'constant' with 0, order 1, no antialiasing),
             because later versions use other code: `warp` with the affine map that 0.13 built. Where the picture is
             made smaller no edge is involved, and there today's `resize` must agree: asserted.
OpenCV's INTER_AREA is a box, not a triangle, so it is no reference for values; the script prints how far apart the two
are on a natural-looking picture, for orientation.

Made with numpy 1.24.2, Pillow 9.4.0, scikit-image 0.19.3, opencv 4.6.0.
"""
import base64
import json
import pathlib
import warnings

import cv2
import numpy as np
from PIL import Image
from skimage.color import rgb2gray
from skimage.transform import AffineTransform, resize, warp

WEIGHTS = {"bt601": (0.299, 0.587, 0.114), "bt709": (0.2126, 0.7152, 0.0722)}


def source(width, height, channels):
    """Bytes [height, width, channels]: a hash of the position, so neighbours have nothing in common."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels].astype(np.uint32)
    h = (x * np.uint32(374761393) + y * np.uint32(668265263) + c * np.uint32(2246822519)).astype(np.uint32)
    h = ((h ^ (h >> np.uint32(13))) * np.uint32(1274126177)).astype(np.uint32)
    return (h >> np.uint32(24)).astype(np.uint8)


def to_gray(image, mode):
    if mode is None:
        return image[..., 0] / 255.0
    if mode == "skimage":
        return rgb2gray(image)
    return image.astype(np.float64) @ np.array(WEIGHTS[mode]) / 255.0


def antialiased(image, mode, out_width, out_height):
    gray = to_gray(image, mode).astype(np.float32)
    return np.asarray(Image.fromarray(gray, "F").resize((out_width, out_height), Image.BILINEAR))


def skimage013(image, out_width, out_height):
    """transform.resize(image, (rows, cols), preserve_range=True) as 0.13 computed it."""
    rows, cols = out_height, out_width
    row_scale, col_scale = image.shape[0] / rows, image.shape[1] / cols
    if rows == 1 and cols == 1:
        tform = AffineTransform(translation=(image.shape[1] / 2.0 - 0.5, image.shape[0] / 2.0 - 0.5))
    else:
        matrix = np.array(
            [[col_scale, 0, 0.5 * col_scale - 0.5], [0, row_scale, 0.5 * row_scale - 0.5], [0, 0, 1]], np.float64
        )
        tform = AffineTransform(matrix=matrix)
    return warp(
        image, tform, output_shape=(rows, cols), order=1, mode="constant", cval=0, clip=True, preserve_range=True
    )


def bilinear(image, mode, out_width, out_height):
    if mode is None:
        image = image[..., 0]
    # The 2017 order: resize the colours, then gray.
    out = skimage013(image.astype(np.float64), out_width, out_height) / 255.0
    if out_width <= image.shape[1] and out_height <= image.shape[0]:
        today = resize(image / 255.0, (out_height, out_width), order=1, anti_aliasing=False, mode="edge")
        assert np.abs(today - out).max() < 1e-12, "today's resize disagrees"
    if mode is None:
        return out
    return rgb2gray(out) if mode == "skimage" else out @ np.array(WEIGHTS[mode])


CASES = [
    # width, height, out width, out height
    (1, 1, 1, 1),
    (1, 1, 5, 3),
    (5, 3, 1, 1),
    (37, 23, 10, 7),
    (23, 17, 31, 29),
    (19, 64, 40, 9),
    (41, 27, 40, 26),
    (160, 90, 40, 40),
    (1280, 720, 25, 25),
    (64, 1500, 12, 11),
]

cases = []
for width, height, out_width, out_height in CASES:
    for mode in ["skimage", "bt601", "bt709", None]:
        image = source(width, height, 1 if mode is None else 3)
        for name, filtered in [("antialiased", antialiased), ("bilinear", bilinear)]:
            # One weighting per resize keeps the file small; the small cases try them all.
            if width * height > 4000 and mode in ("bt601", "bt709"):
                continue
            out = filtered(image, mode, out_width, out_height)
            assert out.shape == (out_height, out_width)
            cases.append(
                {
                    "width": width,
                    "height": height,
                    "outWidth": out_width,
                    "outHeight": out_height,
                    "gray": mode,
                    "resize": name,
                    "expected": base64.b64encode(out.astype("<f4").tobytes()).decode(),
                }
            )

path = pathlib.Path(__file__).with_name("frame-stack.json")
path.write_text(json.dumps({"cases": cases}, separators=(",", ":")).replace('},{', '},\n{') + "\n")
print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")

y, x = np.mgrid[0:720, 0:1280]
smooth = (127.5 + 127.5 * np.sin(x / 60.0) * np.cos(y / 45.0)).astype(np.uint8)
area = cv2.resize(smooth, (100, 100), interpolation=cv2.INTER_AREA) / 255.0
triangle = antialiased(smooth[..., None], None, 100, 100)
print(f"OpenCV INTER_AREA against the triangle filter on a smooth picture: max {np.abs(area - triangle).max():.4f}")
