#!/usr/bin/python3
"""Writes mir-eval.json: how many strikes mir_eval matches, for test/node/training/metrics.test.ts.

Run: python3 test/golden/mir-eval.py   (mir_eval 0.8.2 wrote the committed file)
"""
import json
import pathlib

import mir_eval
import numpy as np

here = pathlib.Path(__file__).parent
random = np.random.RandomState(20)


def notes(count):
    """Crowded on purpose: 2 s, four bars, times in whole milliseconds."""
    times = np.sort(random.randint(0, 2000, count)) / 1000
    return times, 60 + random.randint(0, 4, count)


def intervals(times):
    return np.stack([times, times + 0.1], 1).reshape(-1, 2)


cases = []
for _ in range(60):
    (truth, truth_midi), (heard, heard_midi) = notes(random.randint(1, 40)), notes(random.randint(1, 40))
    matched = {}
    for tolerance in (0.025, 0.05, 0.1):
        same = mir_eval.transcription.match_notes(
            intervals(truth), 440 * 2 ** ((truth_midi - 69) / 12),
            intervals(heard), 440 * 2 ** ((heard_midi - 69) / 12),
            onset_tolerance=tolerance, pitch_tolerance=50, offset_ratio=None)
        any_bar = mir_eval.transcription.match_note_onsets(
            intervals(truth), intervals(heard), onset_tolerance=tolerance)
        matched[str(tolerance)] = [len(same), len(any_bar)]
    cases.append({
        'truth': [truth.tolist(), truth_midi.tolist()],
        'heard': [heard.tolist(), heard_midi.tolist()],
        'matched': matched,
    })
(here / 'mir-eval.json').write_text(json.dumps(cases, separators=(',', ':')) + '\n')
