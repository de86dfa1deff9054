"""Truth for the oscillator bank and the modal bank: numpy, float64, phases reduced in exact integer arithmetic.

python3 test/golden/banks.py    writes test/golden/banks.json
"""

import base64
import json
from fractions import Fraction
from pathlib import Path

import numpy as np


def pack(x):
    return base64.b64encode(np.asarray(x, "<f4").tobytes()).decode()


def phases(hz, rate, n):
    """2 pi hz n / rate with whole turns removed before anything is rounded."""
    f = Fraction(hz) / rate
    return 2 * np.pi * np.array([float((f * int(i)) % 1) for i in n])


def oscillators(spec, position, samples):
    rate, (num, den) = spec["sampleRate"], spec["fps"]
    rows = np.array(spec["amplitudes"], "<f4").astype(float)
    n = np.arange(position, position + samples)
    at = np.array([float(Fraction(int(i) * num, rate * den)) for i in n]) - spec["delay"]
    out = np.zeros(samples)
    for note, hz in enumerate(spec["hz"]):
        # The ring of rows, unrolled: before frame 0 its amplitudes hold.
        frame = np.floor(at).astype(int)
        a = rows[np.where(frame < 0, 0, frame) % len(rows), note]
        b = rows[np.where(frame + 1 < 0, 0, frame + 1) % len(rows), note]
        amplitude = a + (b - a) * (at - frame)
        for partial in spec["partials"]:
            f = hz * partial["ratio"]
            if f < rate / 2:
                out += partial["gain"] * amplitude * np.sin(phases(f, rate, n))
    return out


def mix(x):
    """lowbias32, from its published description."""
    x = x.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def modal(spec, samples, knee=0.75):
    rate = spec["sampleRate"]
    out = np.zeros(samples)
    index = (np.arange(samples) + (spec["seed"] * 0x9E3779B1)) & 0xFFFFFFFF
    noise = mix(index).view(np.int32) * np.sqrt(3) / 2**31
    for at, bar, velocity in spec["strikes"]:
        t = np.arange(samples - at) / rate
        for mode in spec["bars"][bar]["modes"]:
            if mode["hz"] >= rate / 2:
                continue
            gain = mode["gain"] * velocity * np.exp(-mode["brightness"] * (velocity**-0.4 - 1))
            out[at:] += gain * np.exp(-t / mode["tau"]) * np.sin(phases(mode["hz"], rate, np.arange(len(t))))
        out[at:] += spec["bars"][bar]["click"] * velocity**1.5 * np.exp(-t / spec["clickTau"]) * noise[at:]
    over = (np.abs(out) - knee) / (1 - knee)
    bent = np.sign(out) * (knee + (1 - knee) * over / np.sqrt(1 + over**2))
    return np.where(over > 0, bent, out)


rng = np.random.default_rng(2017)
bank = {
    "sampleRate": 48000,
    "fps": [30000, 1001],
    # A low C, a sine whose eight samples are half a turn (the recurrence's worst case), two ordinary bars.
    "hz": [65.40625, 3001.5, 371.671875, 1250.171875],
    "partials": [{"ratio": 1, "gain": 1}, {"ratio": 3, "gain": 0.4}, {"ratio": 6.125, "gain": -0.1}],
    "delay": 1.5,
    "amplitudes": rng.uniform(0, 0.2, (6, 4)).round(4).tolist(),
}
fast = {**bank, "sampleRate": 8000, "fps": [240, 1], "delay": 0, "amplitudes": bank["amplitudes"] * 4}
bars = {
    "sampleRate": 48000,
    "seed": 7,
    "clickTau": 0.004,
    "bars": [
        {
            "click": 0.02,
            "modes": [
                {"hz": 371.671875, "tau": 0.24, "gain": 0.4, "brightness": 0},
                {"hz": 371.671875, "tau": 0.0015, "gain": -0.4, "brightness": 0},
                {"hz": 1115.015625, "tau": 0.064, "gain": 0.1, "brightness": 0.3},
            ],
        },
        {
            "click": 0,
            "modes": [
                {"hz": 3001.5, "tau": 0.03, "gain": 0.3, "brightness": 0},
                {"hz": 65.40625, "tau": 1.5, "gain": 0.2, "brightness": 0.5},
                {"hz": 25000, "tau": 0.1, "gain": 0.2, "brightness": 0},
            ],
        },
    ],
    "strikes": [[0, 0, 0.5], [37, 1, 0.9], [640, 0, 0.25], [640, 1, 0.1], [2001, 0, 0.6], [2002, 1, 0.3]],
}
loud = {**bars, "strikes": [[i, i // 25 & 1, 1] for i in range(0, 400, 25)]}
hour = 3600 * 48000 + 12345
golden = {
    "bank": {**bank, "samples": pack(oscillators(bank, 0, 6000))},
    "hour": {**bank, "position": hour, "samples": pack(oscillators(bank, hour, 1024))},
    "fast": {**fast, "samples": pack(oscillators(fast, 0, 700))},
    "bars": {**bars, "samples": pack(modal(bars, 6000))},
    "loud": {**loud, "samples": pack(modal(loud, 1024))},
}
Path(__file__).with_name("banks.json").write_text(json.dumps(golden) + "\n")
