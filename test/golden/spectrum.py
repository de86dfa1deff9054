#!/usr/bin/python3
"""Writes spectrum.json: spectra of noise by numpy and scipy in float64, for test/kernels/{real-fft,spectrum}.test.ts.

Run: python3 test/golden/spectrum.py   (numpy 1.24.2, scipy 1.10.1 wrote the committed file)

The noise is a linear congruential generator that any language can repeat: state = 1664525 state + 1013904223 mod 2^32,
sample = float32(state / 2^31 - 1), starting from a seed.
"""
import json
import pathlib

import numpy as np
import scipy.signal

# The bands of the eighteen notes, Hz (marimba_freq_and_ranges.mat of the 2017 project).
BANDS = [
    (359.61, 380.995), (403.65, 427.65), (453.08, 480.02), (538.81, 570.85), (604.79, 640.755), (719.225, 761.99),
    (807.3, 855.305), (906.165, 960.05), (1077.615, 1141.695), (1209.585, 1281.51), (1438.445, 1523.98),
    (1614.6, 1710.61), (1812.33, 1920.095), (2155.23, 2283.39), (2419.17, 2563.02), (2876.895, 3047.96),
    (3229.2, 3421.22), (3624.655, 3840.19),
]  # fmt: skip


def noise(seed, count):
    out, state = np.empty(count, np.float32), seed
    for n in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[n] = np.float32(state / 2**31 - 1)
    return out.astype(np.float64)


def digits(values):
    return [float(f"{v:.10g}") for v in values]


def real_fft(size):
    spectrum = np.fft.rfft(noise(size, size))
    return {"size": size, "real": digits(spectrum.real), "imag": digits(spectrum.imag)}


def features(sample_rate, fps, win):
    """Band maxima as the audio features define them."""
    window = scipy.signal.windows.hamming(win, sym=True)
    magnitude = np.abs(np.fft.rfft(noise(win, win) * window, sample_rate)) * 2 / window.sum()
    rows = []
    for low, high in BANDS:
        first, last = int(np.floor(low + 0.5)), int(np.floor(high + 0.5))  # nfft = sampleRate: a bin is 1 Hz
        rows.append(magnitude[first : last + 1].max())
    return {"sampleRate": sample_rate, "fps": fps, "win": win, "maxima": digits(rows)}


def bins(win, nfft, first, last, window):
    """Bins of a DFT of any size; zoom_fft does not cut a window longer than nfft."""
    weights = scipy.signal.windows.get_window(window, win, fftbins=False)
    step = 1 / nfft
    zoom = scipy.signal.zoom_fft(
        noise(win + nfft, win) * weights, [first * step, (last + 1) * step], m=last - first + 1, fs=1
    )
    return {
        "win": win, "nfft": nfft, "first": first, "last": last, "window": "rectangular" if window == "boxcar" else window,
        "magnitudes": digits(np.abs(zoom)),
    }  # fmt: skip


def write():
    golden = {
        "realFft": [real_fft(2**p) for p in range(10)],
        "features": [
            features(rate, fps, int(np.floor(3 * rate / fps + 0.5)))
            for rate in (44100, 48000, 96000)
            for fps in (25, 30000 / 1001, 60)
        ]
        + [features(44100, 25, 5293)],
        "bins": [
            bins(5293, 44100, 359, 420, "hamming"),
            bins(5761, 44100, 0, 20, "hamming"),
            bins(5761, 48000, 23980, 24000, "hann"),
            bins(1000, 1000, 0, 40, "boxcar"),
            bins(1024, 1024, 480, 512, "hamming"),
            bins(3000, 777, 0, 60, "hamming"),
            bins(48000, 48000, 430, 450, "hamming"),
            bins(600, 10_000_019, 4_999_990, 5_000_009, "hamming"),
            bins(64, 2**31, 2**27, 2**27 + 12, "hann"),
        ],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"').replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    write()
