"""Small video files and what ffmpeg sees in them: run with /usr/bin/python3 beside an ffmpeg; writes video-clips/."""

import json
import pathlib
import subprocess

import numpy as np

here = pathlib.Path(__file__).parent / "video-clips"
here.mkdir(exist_ok=True)
# A slanted ramp that brightens and drifts from frame to frame: no two frames, rows or columns are alike.
source = "nullsrc=s=64x48:r={rate}:d={seconds},geq=lum='mod(2*X+Y+9*N,170)+40':cb=128:cr=128,format=yuv420p"

clips = {
    "bframes.mp4": (25, 0.6, ["-c:v", "libx264", "-bf", "3", "-g", "8", "-crf", "12"]),
    "turned.mp4": (30, 0.4, ["-c:v", "libx264", "-crf", "12"]),
    "full-range.mp4": (25, 0.4, ["-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuvj420p", "-color_range", "pc"]),
    "vp9.webm": (24, 0.5, ["-c:v", "libvpx-vp9", "-crf", "12", "-b:v", "0"]),
}


def run(*arguments):
    return subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, capture_output=True).stdout


truth = {}
for name, (rate, seconds, options) in clips.items():
    path = here / name
    run("-f", "lavfi", "-i", source.format(rate=rate, seconds=seconds), *options, "-fflags", "+bitexact", str(path))
    if name == "turned.mp4":
        run("-i", str(path), "-c", "copy", "-metadata:s:v:0", "rotate=90", "-fflags", "+bitexact", str(here / "t.mp4"))
        (here / "t.mp4").rename(path)
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    times = [float(line.strip(",")) for line in shown.split()]
    width, height = (48, 64) if name == "turned.mp4" else (64, 48)
    raw = run("-i", str(path), "-vf", "extractplanes=y", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
    luma = np.frombuffer(raw, np.uint8).reshape(len(times), height, width)
    blocks = luma.reshape(len(times), height // 8, 8, width // 8, 8).mean(axis=(2, 4))
    truth[name] = {"width": width, "height": height, "rate": rate, "times": times, "blocks": blocks.round(3).reshape(len(times), -1).tolist()}

(here / "truth.json").write_text(json.dumps(truth) + "\n")
