"""Instruments drawn with OpenCV, for code that has only ever seen the project's own renderer.

/usr/bin/python3 test/golden/drawn-bars.py   writes drawn-bars.json and drawn-bars.gray.gz
"""
import gzip, json, os
import cv2
import numpy as np

W, H, UP = 480, 270, 4
here = os.path.dirname(__file__)
random = np.random.default_rng(7)
places = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6]
black = {1, 3, 6, 8, 10}


def place(midi):
    return 7 * (midi // 12) + places[midi % 12]


def wood(size, tone, rings):
    grain = random.normal(0, 1, (1, size[1]))
    grain = np.cumsum(grain, axis=1) * 0.5
    rows = np.repeat(grain, size[0], axis=0) + random.normal(0, 1, size)
    return tone + rings * cv2.GaussianBlur(rows, (0, 0), 1.5)


def draw(bars, camera, floor, tone, rails, outline=None, quality=85):
    """bars: plan quads [far low, far high, near high, near low]; camera: where the plan's unit square goes, pixels."""
    plan = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
    h = cv2.getPerspectiveTransform(plan, np.float32(camera) * UP)
    image = cv2.GaussianBlur(random.normal(0, 1, (H * UP, W * UP)), (0, 0), 9) * 60 + floor
    see = lambda points: cv2.perspectiveTransform(np.float32([points]), h)[0]
    for y0, y1, shade in rails:
        cv2.fillConvexPoly(image, see([(-0.04, y0), (1.04, y0), (1.04, y1), (-0.04, y1)]).astype(np.int32), shade)
    shadow = np.zeros((H * UP, W * UP), np.uint8)
    for quad in bars:
        cv2.fillConvexPoly(shadow, (see(quad) + 3.5 * UP).astype(np.int32), 255)
    image *= 1 - 0.35 * cv2.GaussianBlur(shadow, (0, 0), 3 * UP) / 255
    for i, quad in enumerate(bars):
        mask = np.zeros((H * UP, W * UP), np.uint8)
        cv2.fillConvexPoly(mask, see(quad).astype(np.int32), 255, cv2.LINE_AA)
        board = wood((64, 256), tone + random.normal(0, 5), 3)
        warp = cv2.getPerspectiveTransform(np.float32([[0, 64], [0, 0], [256, 0], [256, 64]]), see(quad))
        seen = cv2.warpPerspective(board.astype(np.float32), warp, (W * UP, H * UP), borderMode=cv2.BORDER_REPLICATE)
        share = mask.astype(np.float32) / 255
        image = image * (1 - share) + seen * share
        if outline is not None:
            cv2.polylines(image, [see(quad).astype(np.int32)], True, outline, 2 * UP, cv2.LINE_AA)
    # A highlight that runs across, lens blur, noise, JPEG.
    xx = np.arange(W * UP) / UP
    image += 28 * np.exp(-(((xx - 300) / 70) ** 2))[None, :]
    image = cv2.resize(cv2.GaussianBlur(image, (0, 0), 0.7 * UP), (W, H), interpolation=cv2.INTER_AREA)
    image = np.clip(image + random.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    coded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    quads = [(see(quad) / UP).round(2).tolist() for quad in bars]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), quads


def box(x, width, far, near, lean=0.0):
    return [(x - width / 2 + lean, far), (x + width / 2 + lean, far), (x + width / 2 - lean, near), (x - width / 2 - lean, near)]


pictures, records = [], []


def add(name, notes, bars, **look):
    image, quads = draw(bars, **look)
    pictures.append(image)
    records.append({'name': name, 'bars': [{'midi': m, 'quad': q} for m, q in zip(notes, quads)]})


# A marimba from A2 to C6: dark naturals in front, accidentals behind, pale rails.
notes = list(range(45, 85))
last = place(notes[-1]) - place(notes[0])
bars = []
for midi in notes:
    t = (place(midi) - place(notes[0])) / last
    length = 0.5 * 0.52**t
    x = 0.02 + 0.96 * (t - 0.12 * t * t) / 0.88
    width = 0.031 * (1 - 0.2 * t)
    bars.append(box(x, width, 0.5 - 0.85 * length, 0.49) if midi % 12 in black else box(x, width, 0.51, 0.51 + length))
add('marimba', notes, bars, camera=[(70, 60), (420, 82), (402, 208), (32, 236)], floor=120, tone=58,
    rails=[(0.2, 0.24, 165), (0.4, 0.43, 165), (0.6, 0.63, 165), (0.78, 0.81, 165)])

# The eighteen accidentals, pale bars, dark floor, seen from the left.
notes = [66, 68, 70, 73, 75, 78, 80, 82, 85, 87, 90, 92, 94, 97, 99, 102, 104, 106]
last = place(notes[-1]) - place(notes[0])
bars = []
for midi in notes:
    t = (place(midi) - place(notes[0])) / last
    bars.append(box(0.02 + 0.96 * (t - 0.07 * t * t) / 0.93, 0.033 * (1 - 0.1 * t), 0.9 - 0.85 * 0.5**t, 0.9))
add('accidentals', notes, bars, camera=[(48, 58), (440, 40), (452, 190), (30, 235)], floor=62, tone=150,
    rails=[(0.55, 0.6, 30), (0.78, 0.82, 30)])

# Twelve strips cut from cardboard by hand, outlined with a pen, on a pale table.
notes = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79]
bars = []
for i in range(12):
    x = 0.05 + 0.9 * i / 11 + random.uniform(-0.006, 0.006)
    near = 0.92 + random.uniform(-0.02, 0.02)
    bars.append(box(x, 0.052 * random.uniform(0.9, 1.1), near - 0.8 + 0.03 * i, near, random.uniform(-0.004, 0.004)))
add('cardboard', notes, bars, camera=[(90, 50), (400, 66), (446, 222), (40, 210)], floor=205, tone=168, rails=[], outline=70, quality=70)

with gzip.GzipFile(os.path.join(here, 'drawn-bars.gray.gz'), 'wb', mtime=0) as file:
    file.write(np.stack(pictures).tobytes())
with open(os.path.join(here, 'drawn-bars.json'), 'w') as file:
    json.dump({'width': W, 'height': H, 'pictures': records}, file)
    file.write('\n')
if os.environ.get('SHOW'):
    cv2.imwrite(os.environ['SHOW'], np.vstack(pictures))
