# Golden data for the rectifier: OpenCV and SciPy warps at 16 x 16 samples per pixel, scikit-image gray, differences in
# float64 numpy.
# The geometry of the strip is written from its definition on the instrument's plan view, whose homography is known here;
# the code under test sees only the bars' corners in the picture.  Run: python3 test/golden/rectify.py
import base64
import json
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import map_coordinates
from skimage.color import rgb2gray

S = 16  # samples per output pixel and axis


def picture(width, height, seed):
    """uint8 saw-tooth ramps and white noise; the test has the same formula."""
    x, y = np.meshgrid(np.arange(width, dtype=np.uint32), np.arange(height, dtype=np.uint32))
    h = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ np.uint32(seed * 83492791 & 0xFFFFFFFF)
    h = (h ^ (h >> 15)) * np.uint32(0x2C1B3C6D)
    h ^= h >> 12
    return ((((3 * x + 2 * y + np.uint32(5 * seed)) & 255) >> 1) + (h & 127)).astype(np.uint8)


def packed(a):
    return base64.b64encode(np.ascontiguousarray(a, dtype="<f4").tobytes()).decode()


def samples(n):
    return (np.arange(n * S) + 0.5) / S


def average(a):
    h, w = a.shape
    return a.reshape(h // S, S, w // S, S).mean((1, 3))


def warp(image, H, X, Y):
    """Means of `image` (and of being inside it) over plan points X, Y, S x S of them per output pixel."""
    p = H @ np.stack([X.ravel(), Y.ravel(), np.ones(X.size)])
    u, v = (p[0] / p[2]).reshape(X.shape), (p[1] / p[2]).reshape(X.shape)
    h, w = image.shape
    inside = (u >= 0) & (v >= 0) & (u < w) & (v < h)
    a = map_coordinates(image.astype(np.float64), [v - 0.5, u - 0.5], order=1, mode="nearest")
    return average(a) / 255, average(inside.astype(np.float64))


def strip_plan(bars, rows, cell):
    """Plan points of a strip: bars are (x, width, near, far), low to high."""
    n = len(bars)
    x, w, near, far = np.array(bars, dtype=float).T
    inner = [(x[i] + w[i] / 2 + x[i + 1] - w[i + 1] / 2) / 2 for i in range(n - 1)]
    first = x[0] - min(inner[0] - x[0], 0.75 * w[0])
    last = x[-1] + min(x[-1] - inner[-1], 0.75 * w[-1])
    b = np.array([first, *inner, last])
    u = samples(cell * (n + 2)) / cell - 1
    t = 1.7 * samples(rows) / rows - 0.25  # bar lengths from the far end toward the player
    k = np.clip(np.floor(u).astype(int), 0, n - 1)
    f = u - k
    across = np.where(f < 0.5, b[k] + (x[k] - b[k]) * 2 * f, x[k] + (b[k + 1] - x[k]) * (2 * f - 1))
    across = np.where(u < 0, b[0] + u * (b[1] - b[0]), np.where(u > n, b[n] + (u - n) * (b[n] - b[n - 1]), across))
    # Ends run straight from centre to border, where the neighbours' meet half-way; the outermost bars' ends run on.
    knots, nears, fars = [], [], []
    for i in range(n):
        knots += [x[i]]
        nears += [near[i]]
        fars += [far[i]]
        if i < n - 1:
            knots += [b[i + 1]]
            nears += [(near[i] + near[i + 1]) / 2]
            fars += [(far[i] + far[i + 1]) / 2]
    a, z = np.interp(across, knots, nears), np.interp(across, knots, fars)
    return np.broadcast_to(across, (len(t), len(u))), z + (a - z) * t[:, None]


def place(H, bars):
    """Corners in the picture: far low, far high, near high, near low."""
    quads = []
    for x, w, near, far in bars:
        c = [(x - w / 2, far), (x + w / 2, far), (x + w / 2, near), (x - w / 2, near)]
        q = cv2.perspectiveTransform(np.array([c], dtype=np.float64), H)[0]
        quads.append(q.tolist())
    return quads


def plan_to_picture(plan, pic):
    # float32 in OpenCV's signature: whole numbers keep it exact.
    return cv2.getPerspectiveTransform(np.float32(plan), np.float32(pic))


def differences(frames, intervals, tau=1.0):
    out = []
    z_before = mean = d_before = None
    for k, g in enumerate(frames):
        z = g - g.mean()
        s = g.std() + 4 / 255
        if k == 0:
            z_before, mean, d_before, share = z, z, np.zeros_like(z), 0
        else:
            elapsed = intervals[1] + sum(intervals[1 : k + 1])
            share = max(1 - np.exp(-intervals[k] / tau), intervals[k] / elapsed)
        d = 2 * (z - z_before) / s
        out.append(np.stack([d_before, d, 1.5 * (z - mean) / s]))
        mean = mean + share * (z - mean)
        z_before, d_before = z, d
    return out


cases = {}

# A regular instrument: the strip is one homography, so warpPerspective itself makes it.
W, HT = 640, 360
bars = [(100 * i + 50, 80, 0, 600) for i in range(8)]
H = plan_to_picture([(0, 600), (800, 600), (800, 0), (0, 0)], [(130, 80), (520, 96), (610, 270), (40, 250)])
rows, cell = 24, 6
# strip pixel -> plan: 10 cells of 100 from -100, and 1.7 lengths of 600 down from 750
to_plan = np.array([[100 / cell, 0, -100], [0, -1.7 * 600 / rows, 750], [0, 0, 1]])
fine = np.array([[1 / S, 0, 0.5 / S], [0, 1 / S, 0.5 / S], [0, 0, 1]])
centre = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
M = centre @ H @ to_plan @ fine
image = picture(W, HT, 1)
a = cv2.warpPerspective(image.astype(np.float32), M, (60 * S, rows * S), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
cases["regular"] = {"width": W, "height": HT, "seed": 1, "rows": rows, "cellWidth": cell, "quads": place(H, bars), "gray": packed(average(a.astype(float)) / 255)}

# The gt18 row from the side, its low end and the player's margin outside the picture.
off = [50, 150, 250, 450, 550]
gt = []
for i in range(18):
    nat = 700 * (i // 5) + off[i % 5]
    gt.append((nat, 80 - nat / 100, 5 * (i % 3), 750 * 2 ** (-nat / 2000)))
H = plan_to_picture([(0, 750), (2400, 750), (2400, 0), (0, 0)], [(60, 60), (600, 130), (560, 300), (-40, 330)])
X, Y = strip_plan(gt, rows, cell)
gray, inside = warp(picture(W, HT, 2), H, X, Y)
cases["gt18"] = {"width": W, "height": HT, "seed": 2, "rows": rows, "cellWidth": cell, "quads": place(H, gt), "gray": packed(gray), "coverage": packed(inside)}

# A portrait picture, the instrument running down it, cells smaller than a pixel's footprint: interpolation.
small = [(100 * i + 50, 70, 0, 300 - 10 * i) for i in range(5)]
H = plan_to_picture([(0, 300), (500, 300), (500, 0), (0, 0)], [(60, 12), (58, 76), (20, 80), (18, 8)])
X, Y = strip_plan(small, 36, 20)
gray, inside = warp(picture(72, 90, 3), H, X, Y)
cases["portrait"] = {"width": 72, "height": 90, "seed": 3, "rows": 36, "cellWidth": 20, "quads": place(H, small), "gray": packed(gray), "coverage": packed(inside)}

# The keyboard view of three bars.
bars = [(30, 40, 0, 200), (90, 40, 0, 160), (150, 40, 0, 120)]
corners = [(60, 50), (260, 80), (290, 190), (30, 200)]
H = plan_to_picture([(10, 200), (170, 120), (170, 0), (10, 0)], corners)
u, v = samples(32) / 32, samples(20) / 20
X, Y = np.meshgrid(10 + 160 * (-0.06 + 1.12 * u), 200 * (1.2 - 1.65 * v))
gray, inside = warp(picture(320, 240, 4), H, X, Y)
layout = [dict(zip(("midi", "x", "width", "near", "far"), (60 + i, *b))) for i, b in enumerate(bars)]
cases["keyboard"] = {"width": 320, "height": 240, "seed": 4, "rows": 20, "columns": 32, "layout": layout, "corners": corners, "gray": packed(gray), "coverage": packed(inside)}

# Colour frames (three pictures as red, green, blue) at uneven intervals, and their differences.
bars = [(100 * i + 50, 80, 0, 400 - 20 * i) for i in range(6)]
H = plan_to_picture([(0, 400), (600, 400), (600, 0), (0, 0)], [(60, 40), (260, 36), (290, 150), (20, 160)])
X, Y = strip_plan(bars, 16, 6)
intervals = [0.04, 0.04, 0.0333, 0.05, 0.1, 0.0167, 0.04]
frames = []
for k in range(len(intervals)):
    rgb = np.stack([picture(320, 200, 10 + 3 * k + c) for c in range(3)], -1)
    frames.append(warp(rgb2gray(rgb) * 255, H, X, Y)[0])
cases["differences"] = {"width": 320, "height": 200, "seed": 10, "rows": 16, "cellWidth": 6, "intervals": intervals, "quads": place(H, bars), "frames": {str(k): packed(differences(frames, intervals)[k]) for k in (0, 1, 2, 6)}}

rng = np.random.default_rng(5)
pairs = []
for _ in range(8):
    quads = [np.array([(0, 0), (100, 0), (100, 60), (0, 60)]) + rng.integers(-20, 20, (4, 2)) for _ in "ab"]
    pairs.append({"from": quads[0].tolist(), "to": quads[1].tolist(), "h": plan_to_picture(*quads).ravel().tolist()})
cases["homographies"] = pairs

Path(__file__).with_name("rectify.json").write_text(json.dumps(cases, indent=1) + "\n")
