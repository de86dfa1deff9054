#!/usr/bin/python3
"""Writes analysis.json: note amplitudes of noise by numpy in float64, for test/kernels/analysis.test.ts.

Run: python3 test/golden/analysis.py   (numpy 1.24.2 wrote the committed file)

First it proves its reading of the 2017 code on features-2017/, which that code itself computed.
"""
import gzip
import io
import json
import pathlib
import wave
from fractions import Fraction

import numpy as np
from spectrum import BANDS, digits, noise

here = pathlib.Path(__file__).parent


def nearest(x):
    return int(np.floor(x + 0.5)) if not isinstance(x, Fraction) else int((x + Fraction(1, 2)) // 1)


def rows_of(mono, starts, win, nfft, scale, bins):
    padded = np.concatenate([mono, np.zeros(2 * win)])
    window = np.hamming(win)
    out = []
    for start in starts:
        magnitude = np.abs(np.fft.rfft(padded[start : start + win] * window, nfft)) * scale(window)
        out.append([magnitude[first : last + 1].max() for first, last in bins])
    return np.array(out)


def corrected(channels, rate, fps, frames):
    mono = np.mean(channels, axis=0)
    mono = mono / np.abs(mono).max()
    starts = [nearest(Fraction(k * rate) / fps) for k in range(frames - 2)]
    bins = [(nearest(low), nearest(high)) for low, high in BANDS]  # nfft = rate: a bin is 1 Hz
    return rows_of(mono, starts, nearest(3 * rate / fps), rate, lambda w: 2 / w.sum(), bins)


def seed(channels, rate, fps, frames):
    """computeAudioVectors.m, whose indices count from 1."""
    mono = np.mean(channels, axis=0)
    mono = mono / mono.max()
    block = Fraction(rate) / fps
    assert block.denominator == 1
    starts = [int(block) * i for i in range(1, frames - 1)]
    bins = [(nearest(low) - 1, nearest(high) - 1) for low, high in BANDS]
    return rows_of(mono, starts, 3 * int(block) + 1, 44100, lambda w: 2 / 44100, bins)


with gzip.open(here / "features-2017/sound-44100.wav.gz") as file:
    with wave.open(io.BytesIO(file.read())) as sound:
        pcm = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2).T / 32768
truth = np.load(here / "features-2017/features-44100.npy")
assert np.abs(seed(pcm, 44100, 25, 534) - truth).max() < 1e-15 * truth.max() * 50


def case(mode, rate, fps, frames, channel_count, samples):
    channels = [noise(rate + c, samples) * np.linspace(0.2, 0.6, samples).astype(np.float32) for c in range(channel_count)]
    compute = corrected if mode == "corrected" else seed
    rows = compute(channels, rate, Fraction(fps), frames)
    return {
        "mode": mode, "sampleRate": rate, "fps": fps, "frames": frames, "channels": channel_count, "samples": samples,
        "rows": [digits(row) for row in rows],
    }  # fmt: skip


golden = [
    case("corrected", 44100, "25", 8, 1, 15000),
    case("corrected", 48000, "30000/1001", 12, 2, 19000),
    case("corrected", 96000, "60", 20, 3, 32000),
    case("corrected", 48000, "24000/1001", 9, 2, 17500),
    case("seed", 48000, "25", 8, 2, 15400),
    case("seed", 44100, "25", 8, 1, 14200),
    case("seed", 96000, "60", 8, 2, 13000),
]
text = json.dumps(golden, separators=(",", ":")).replace("],[", "],\n[").replace("},{", "},\n{")
(here / "analysis.json").write_text(text + "\n")
