"""Gradients of every layer and architecture, by PyTorch in float64.

Reads cases.json (layers as plain data), runs each case with torch's own operators and autograd, and writes
gradients.safetensors. Inputs and weights come from a hash that the tests repeat, so only results are stored.

    /usr/bin/python3 test/golden/training/make.py        (Debian: apt-get install python3-torch)
"""
import json
import pathlib
import struct

import torch

from layers import Run

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def trained(case, options, steps):
    """Parameters after a few steps of torch.optim.AdamW with clipping, no decay on vectors."""
    run = Run(case)
    run.total()
    known = run.parameters
    groups = [
        {"params": [w for w in known.values() if w.dim() > 1], "weight_decay": options["weightDecay"]},
        {"params": [w for w in known.values() if w.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=options["learningRate"])
    for _ in range(steps):
        optimizer.zero_grad()
        run.total().backward()
        torch.nn.utils.clip_grad_norm_(list(known.values()), options["clipNorm"])
        optimizer.step()
    return known


def main():
    arrays = {}
    cases = json.loads((HERE / "cases.json").read_text())
    for case in cases:
        run = Run(case)
        loss = run.total()
        loss.backward()
        arrays[case["name"] + "/loss"] = loss.reshape(1)
        for name, value in run.parameters.items():
            arrays[f"{case['name']}/{name}"] = value.grad
        for name, value in run.extra.items():
            arrays[f"{case['name']}/{name}"] = value
        if "optimizer" in case:
            for name, value in trained(case, case["optimizer"], 3).items():
                arrays[f"{case['name']}/after3/{name}"] = value
    header, at, data = {}, 0, []
    for name, value in arrays.items():
        raw = value.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        data.append(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (HERE / "gradients.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
    print(len(cases), "cases,", len(arrays), "arrays,", at, "bytes")


main()
