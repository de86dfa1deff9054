"""Writes the small files that the readers of sound, features and MIDI are tested with, and what foreign code finds in them.

Run: /usr/bin/python3 test/golden/sound-files.py   (needs numpy, scipy, h5py, mido, and ffmpeg on the PATH)
"""
import json
import os
import subprocess
import wave

import h5py
import mido
import numpy as np
import scipy.io
import scipy.io.wavfile

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sound-files")
os.makedirs(here, exist_ok=True)
at = lambda name: os.path.join(here, name)
rng = np.random.default_rng(2017)


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", "-bitexact", *arguments], check=True)


# --- WAV: 40 frames of noise that reaches full scale, in every layout; `expected` is what scipy or ffmpeg reads back, full scale 1.
frames = 40
wavs = {}


def note(name, rate, samples):
    wavs[name] = {"sampleRate": rate, "channels": np.atleast_2d(samples.T).astype(np.float32).astype(float).tolist()}


def full_scale(channels, dtype):
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, (frames, channels), dtype=dtype, endpoint=True)
    x[0], x[1] = info.min, info.max
    return x if channels > 1 else x[:, 0]


for name, rate, channels, dtype, scale, offset in [
    ("u8-mono-8000", 8000, 1, np.uint8, 128, 128),
    ("s16-stereo-44100", 44100, 2, np.int16, 32768, 0),
    ("s32-mono-96000", 96000, 1, np.int32, 2**31, 0),
]:
    data = full_scale(channels, dtype)
    scipy.io.wavfile.write(at(name + ".wav"), rate, data)
    back_rate, back = scipy.io.wavfile.read(at(name + ".wav"))
    note(name, back_rate, (back.astype(float) - offset) / scale)

for name, rate, channels, dtype in [
    ("f32-stereo-48000", 48000, 2, np.float32),
    ("f64-mono-22050", 22050, 1, np.float64),
]:
    data = (rng.uniform(-1, 1, (frames, channels)) if channels > 1 else rng.uniform(-1, 1, frames)).astype(dtype)
    scipy.io.wavfile.write(at(name + ".wav"), rate, data)
    note(name, *scipy.io.wavfile.read(at(name + ".wav")))

with wave.open(at("s24-stereo-48000.wav"), "wb") as f:
    f.setnchannels(2), f.setsampwidth(3), f.setframerate(48000)
    values = rng.integers(-(2**23), 2**23, (frames, 2))
    values[0], values[1] = -(2**23), 2**23 - 1
    f.writeframes(b"".join(int(v).to_bytes(3, "little", signed=True) for v in values.ravel()))
_, back = scipy.io.wavfile.read(at("s24-stereo-48000.wav"))  # scipy puts 24 bits at the top of 32
note("s24-stereo-48000", 48000, back / 2**31)


def decoded_by_ffmpeg(name, channels):
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", at(name + ".wav"), "-f", "f32le", "-"], check=True, capture_output=True
    ).stdout
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


# WAVE_FORMAT_EXTENSIBLE as ffmpeg writes it, 24 bits in six channels; RF64; telephony; a header that was written to a pipe.
raw = at("raw.tmp")
rng.uniform(-1, 1, (frames, 6)).astype("<f4").tofile(raw)
six = ["-f", "f32le", "-ar", "96000", "-ac", "6", "-i", raw]
ffmpeg(*six, "-c:a", "pcm_s24le", at("s24-extensible-6-96000.wav"))
note("s24-extensible-6-96000", 96000, decoded_by_ffmpeg("s24-extensible-6-96000", 6))
ffmpeg(*six, "-c:a", "pcm_f32le", at("f32-extensible-6-96000.wav"))
note("f32-extensible-6-96000", 96000, decoded_by_ffmpeg("f32-extensible-6-96000", 6))
rng.uniform(-1, 1, (frames, 2)).astype("<f4").tofile(raw)
two = ["-f", "f32le", "-ar", "44100", "-ac", "2", "-i", raw]
ffmpeg(*two, "-c:a", "pcm_s16le", "-rf64", "always", at("s16-rf64-44100.wav"))
note("s16-rf64-44100", 44100, decoded_by_ffmpeg("s16-rf64-44100", 2))
ffmpeg(*two, "-c:a", "pcm_s16le", "-write_bext", "1", "-metadata", "description=with a bext chunk", at("s16-bext-44100.wav"))
note("s16-bext-44100", 44100, decoded_by_ffmpeg("s16-bext-44100", 2))
for law in ["alaw", "mulaw"]:
    codes = at("codes.tmp")
    np.arange(256, dtype=np.uint8).tofile(codes)
    ffmpeg("-f", law, "-ar", "8000", "-ac", "1", "-i", codes, "-c:a", "pcm_" + law, at(law + "-mono-8000.wav"))
    note(law + "-mono-8000", 8000, decoded_by_ffmpeg(law + "-mono-8000", 1))
    os.remove(codes)
piped = subprocess.run(
    ["ffmpeg", "-v", "error", "-bitexact", *two, "-c:a", "pcm_s16le", "-f", "wav", "-"], check=True, capture_output=True
).stdout
open(at("s16-piped-44100.wav"), "wb").write(piped)
note("s16-piped-44100", 44100, decoded_by_ffmpeg("s16-rf64-44100", 2))
os.remove(raw)
json.dump(wavs, open(at("wav.json"), "w"))

# --- Compressed: a burst of 1 kHz from exactly 0.5 s on, right channel half as loud, as real encoders store it.
rate, start, length = 44100, 22050, int(0.9 * 44100)
burst = np.zeros((length, 2))
burst[start : start + 4410, 0] = 0.5 * np.sin(2 * np.pi * 1000 / rate * np.arange(4410))
burst[:, 1] = burst[:, 0] / 2
source = at("burst.tmp.wav")
scipy.io.wavfile.write(source, rate, np.round(burst * 32768).astype(np.int16))
sound = ["-i", source]
for name, codec in [
    ("aac.m4a", "aac"),
    ("aac.mov", "aac"),
    ("mp3.mp3", "libmp3lame"),
    ("flac.flac", "flac"),
    ("vorbis.ogg", "libvorbis"),
    ("opus.webm", "libopus"),
    ("adpcm.wav", "adpcm_ms"),
]:
    ffmpeg(*sound, "-c:a", codec, at(name))
picture = ["-f", "lavfi", "-i", "color=gray:s=32x32:r=25:d=1.2"]
video = ["-c:v", "libx264", "-c:a", "aac"]
ffmpeg(*picture, "-itsoffset", "0.25", *sound, *video, at("late.mp4"))
ffmpeg(*picture, *video, at("mute.mp4"))
ffmpeg(*picture, *sound, *video, "-movflags", "faststart", at("cut.mp4"))
os.truncate(at("cut.mp4"), int(os.path.getsize(at("cut.mp4")) * 0.55))
ffmpeg(*sound, "-c:a", "flac", at("cut.flac"))
os.truncate(at("cut.flac"), int(os.path.getsize(at("cut.flac")) * 0.7))
os.remove(source)

# --- Features: 7 frames of 18 notes, in .npy and .mat as numpy, scipy and h5py write them.
vectors = rng.uniform(0, 0.02, (7, 18))
np.save(at("f8.npy"), vectors)
np.save(at("f4-fortran.npy"), np.asfortranarray(vectors.astype(np.float32)))
np.save(at("f8-big-endian.npy"), vectors.astype(">f8"))
np.save(at("i2.npy"), (vectors * 1e6).astype("<i2"))
np.save(at("three-axes.npy"), np.zeros((2, 3, 4)))
np.save(at("strings.npy"), np.array(["a", "b"]))

other = {"names": np.array(["seq1", "seq2"], dtype=object), "info": {"fps": 25.0, "angle": "Top"}, "flag": True}
scipy.io.savemat(at("v5.mat"), {**other, "audio_vectors": vectors.T})
scipy.io.savemat(at("v5-compressed.mat"), {**other, "audio_vectors": vectors.T}, do_compression=True)
scipy.io.savemat(at("v5-single.mat"), {"audio_vectors": vectors.T.astype(np.float32)}, do_compression=True)
# Whole numbers, which MATLAB stores as bytes inside a double array.
scipy.io.savemat(at("v5-whole.mat"), {"audio_vectors": np.round(vectors.T * 10000)})
scipy.io.savemat(at("v5-complex.mat"), {"audio_vectors": vectors.T + 1j})
scipy.io.savemat(at("v5-none.mat"), other)
scipy.io.savemat(at("v4.mat"), {"audio_vectors": vectors.T}, format="4")
with h5py.File(at("v73.mat"), "w", userblock_size=512) as f:
    # MATLAB stores its columns as rows.
    f.create_dataset("audio_vectors", data=vectors, compression="gzip")
    f["audio_vectors"].attrs["MATLAB_class"] = np.bytes_("double")
with open(at("v73.mat"), "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
with h5py.File(at("features.h5"), "w") as f:
    f.create_dataset("features", data=vectors.astype(np.float32))
json.dump(vectors.tolist(), open(at("vectors.json"), "w"))

# --- MIDI, as mido writes it; `expected` is mido's own reckoning of seconds.
def strikes_of(name):
    midi, now, found = mido.MidiFile(at(name)), 0.0, []
    for message in midi:
        now += message.time
        if message.type == "note_on" and message.velocity > 0 and message.channel != 9:
            found.append([now, message.note, message.velocity])
    return found


on = lambda note_number, velocity, time, **more: mido.Message("note_on", note=note_number, velocity=velocity, time=time, **more)
one = mido.MidiFile(type=0, ticks_per_beat=96)
track = mido.MidiTrack()
one.tracks.append(track)
track += [mido.MetaMessage("track_name", name="one"), on(66, 100, 0), on(66, 0, 48), on(68, 1, 48), on(68, 0, 10)]
track += [on(70, 127, 0), on(70, 0, 96), on(38, 90, 5, channel=9), on(106, 64, 0)]
one.save(at("type0.mid"))

many = mido.MidiFile(type=1, ticks_per_beat=480)
tempo, low, high = mido.MidiTrack(), mido.MidiTrack(), mido.MidiTrack()
many.tracks += [tempo, low, high]
tempo += [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(90), time=0)]
tempo += [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(141.5), time=700)]
tempo += [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60), time=1500)]
for step in range(9):
    low += [on(66 + step, 20 + step, 333), mido.Message("note_off", note=66 + step, time=20)]
    high += [mido.Message("pitchwheel", pitch=100, time=100), on(90 + step, 100 + step, 301)]
    high += [mido.Message("note_off", note=90 + step, velocity=64, time=20)]
many.save(at("type1.mid"))

# Running status and a time code division, which mido does not write: by hand.
def chunk(tag, body):
    return tag + len(body).to_bytes(4, "big") + body


body = bytes([0, 0x90, 66, 100, 10, 66, 0, 40, 68, 90, 10, 68, 0, 0, 0xFF, 0x2F, 0])
open(at("smpte.mid"), "wb").write(
    chunk(b"MThd", bytes([0, 0, 0, 1, 256 - 25, 40])) + chunk(b"MTrk", body)  # 25 frames of 40 ticks: a tick is 1 ms
)
json.dump(
    {
        "type0.mid": strikes_of("type0.mid"),
        "type1.mid": strikes_of("type1.mid"),
        "smpte.mid": [[0.0, 66, 100], [0.05, 68, 90]],
    },
    open(at("midi.json"), "w"),
)
