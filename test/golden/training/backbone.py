"""Writes torch-backbone.onnx and torch-backbone.json: a small network as PyTorch exports it, and what it says of a picture.

Run with Debian's python3-torch. The picture is the first 3 x 20 x 24 numbers of noise, as test/golden/backbone.mjs draws it, over 255.
"""
import json
from pathlib import Path

import torch

here = Path(__file__).parent
torch.manual_seed(1)
net = torch.nn.Sequential(
    torch.nn.Conv2d(3, 4, 3, stride=2, padding=1),
    torch.nn.BatchNorm2d(4),
    torch.nn.ReLU6(),
    torch.nn.Conv2d(4, 4, 3, groups=4, padding=1),
    torch.nn.Hardswish(),
    torch.nn.Conv2d(4, 7, 1),
    torch.nn.AdaptiveAvgPool2d(1),
).eval()
with torch.no_grad():
    for p in net.parameters():
        p.copy_(torch.randn_like(p))
state, values = 1, []
for _ in range(3 * 20 * 24):
    state = (state * 1664525 + 1013904223) % 2**32
    values.append((state >> 24) / 255)
picture = torch.tensor(values).reshape(1, 3, 20, 24)
torch.onnx.export(
    net, picture, here / "torch-backbone.onnx", opset_version=14, input_names=["pixels"], output_names=["pooled"],
    dynamic_axes={"pixels": {0: "n"}, "pooled": {0: "n"}},
)
features = net(picture).flatten().tolist()
(here / "torch-backbone.json").write_text(json.dumps({"height": 20, "width": 24, "features": features}) + "\n")
