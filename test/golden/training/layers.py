"""Layers as plain data (see src/training/layers) run by PyTorch: torch's own operators, torch's autograd.

Inputs and weights come from a hash of their names that the TypeScript side repeats.
"""
import numpy as np
import torch
import torch.nn.functional as F


def noise(name, shape):
    """Numbers in -1..1 that float32 holds exactly, from a hash of the name and the index."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = (np.arange(int(np.prod(shape, dtype=int)), dtype=np.uint64) * 0x9E3779B1 + seed) & 0xFFFFFFFF
    for multiplier, shift in ((0x85EBCA6B, 16), (0xC2B2AE35, 13)):
        h = ((h ^ (h >> np.uint64(shift))) * multiplier) & 0xFFFFFFFF
    h ^= h >> np.uint64(16)
    return torch.from_numpy((h >> np.uint64(8)).astype(np.float64) / 2**23 - 1).to(torch.get_default_dtype()).reshape(shape)


def pair(value, n=2):
    return list(value) if isinstance(value, list) else [value] * n


def same(sizes, kernel, strides):
    """Zeros before and after each axis, TensorFlow's 'SAME', in the order F.pad wants: last axis first."""
    out = []
    for n, k, s in reversed(list(zip(sizes, kernel, strides))):
        total = max(0, (-(-n // s) - 1) * s + k - n)
        out += [total // 2, total - total // 2]
    return out


class Run:
    """One case: parameters are made when a layer first asks for them, in torch's default type."""

    def __init__(self, case, state_scale=0.5):
        self.case, self.B, self.T, self.state_scale = case, case["batch"], case["frames"], state_scale
        self.parameters, self.outputs, self.extra, self.known, self.masks = {}, {}, {}, {}, 0

    def noise(self, name, shape):
        if name not in self.known:
            self.known[name] = noise(name, shape)
        return self.known[name]

    def parameter(self, name, shape):
        if name in self.parameters:
            return self.parameters[name]
        size = int(np.prod(shape))
        scale = 1.5 * (max(shape) / size) ** 0.5 if len(shape) > 1 else 0.3
        value = (noise(name, shape) * np.float32(scale)).float().to(torch.get_default_dtype())
        self.parameters[name] = (value + (1.0 if name.endswith("scale") else 0.0)).requires_grad_()
        return self.parameters[name]

    def state(self, name, shape):
        return self.noise("state." + name, shape) * self.state_scale

    def layers(self, layers, x, prefix=""):
        seen = {}
        for layer in layers:
            kind = layer["layer"]
            seen[kind] = seen.get(kind, 0) + 1
            x = getattr(self, kind)(layer, x, f"{prefix}{kind}{seen[kind]}.")
        return x

    # --- layers -------------------------------------------------------------------------------------------------------
    def relu(self, o, x, p):
        return F.relu(x)

    def silu(self, o, x, p):
        return F.silu(x)

    def sigmoid(self, o, x, p):
        return torch.sigmoid(x)

    def tanh(self, o, x, p):
        return torch.tanh(x)

    def flatten(self, o, x, p):
        return x.flatten(1)

    def crop(self, o, x, p):
        m = o["margin"]
        return x[..., m : x.shape[-1] - m]

    def rows(self, o, x, p):
        return x[:, :, 0].permute(0, 2, 1).reshape(-1, x.shape[1])

    def dropout(self, o, x, p):
        if o["rate"] == 0:
            return x
        keep = 1 - o["rate"]
        mask = (self.noise(f"dropout.{self.masks}", x.shape) < 2 * keep - 1).float() / np.float32(keep)
        self.masks += 1
        return x * mask

    def skip(self, o, x, p):
        y = self.layers(o["layers"], x, p)
        return x + y if o.get("combine") == "add" else torch.cat([x, y], 1)

    def dense(self, o, x, p):
        w = self.parameter(p + "weight", [x.shape[1], o["units"]])
        return x @ w + (self.parameter(p + "bias", [o["units"]]) if o.get("bias", True) else 0)

    def heads(self, o, x, p):
        n = o.get("notes", 1)
        y = x @ self.parameter(p + "weight", [x.shape[1], n * len(o["outputs"])])
        y = y + self.parameter(p + "bias", [n * len(o["outputs"])])
        for k, name in enumerate(o["outputs"]):
            self.outputs[name] = y[:, k * n : (k + 1) * n].reshape(self.B, self.T, -1)
        return y

    def conv(self, o, x, p):
        k, s, d = pair(o["kernel"]), pair(o.get("stride", 1)), pair(o.get("dilation", 1))
        groups = o.get("groups", 1) or x.shape[1]
        w = self.parameter(p + "weight", [o["filters"], x.shape[1] // groups, *k])
        b = self.parameter(p + "bias", [o["filters"]]) if o.get("bias", True) else None
        padding = o.get("padding", "valid")
        if padding == "same":
            x = F.pad(x, same(x.shape[2:], [(n - 1) * m + 1 for n, m in zip(k, d)], s))
        elif padding != "valid":
            h, v = pair(padding)
            x = F.pad(x, [v, v, h, h])
        return F.conv2d(x, w, b, s, 0, d, groups)

    def conv3d(self, o, x, p):
        k, (c, h, w) = o["kernel"], x.shape[1:]
        weight = self.parameter(p + "weight", [o["filters"], c, *k])
        bias = self.parameter(p + "bias", [o["filters"]])
        past = self.state(p + "frames", [self.B, k[0] - 1, c, h, w]).transpose(1, 2)
        x = torch.cat([past, x.reshape(self.B, self.T, c, h, w).transpose(1, 2)], 2)
        y = F.conv3d(F.pad(x, same([h, w], k[1:], [1, 1])), weight, bias)
        return y.transpose(1, 2).reshape(self.B * self.T, -1, h, w)

    def lstm(self, o, x, p):
        u, n = o["units"], x.shape[1]
        rows = x.shape[0] // (self.B * self.T)
        w = self.parameter(p + "weight", [n, 4 * u])
        r = self.parameter(p + "recurrent", [u, 4 * u])
        b = self.parameter(p + "bias", [4 * u])
        seq = x.reshape(self.B, self.T, rows, n).transpose(1, 2).reshape(self.B * rows, self.T, n)
        h, c = (self.state(p + s, [self.B, rows, u]).reshape(1, -1, u) for s in ("hidden", "cell"))
        weights = [w.t(), r.t(), b, torch.zeros(4 * u)]
        y, _, _ = torch._VF.lstm(seq, (h, c), weights, True, 1, 0.0, False, False, True)
        return y.reshape(self.B, rows, self.T, u).transpose(1, 2).reshape(-1, u)

    def convLstm(self, o, x, p):
        f, k, s = o["filters"], pair(o["kernel"]), pair(o.get("stride", 1))
        w = self.parameter(p + "weight", [4 * f, x.shape[1], *k])
        b = self.parameter(p + "bias", [4 * f])
        z = F.conv2d(F.pad(x, same(x.shape[2:], k, s)), w, b, s)
        z = z.reshape(self.B, self.T, *z.shape[1:])
        rk = pair(o.get("recurrentKernel") or o["kernel"])
        r = self.parameter(p + "recurrent", [4 * f, f, *rk])
        h, c = (self.state(p + n, [self.B, f, *z.shape[3:]]) for n in ("hidden", "cell"))
        out = []
        for t in range(self.T):
            i, g, n, q = (z[:, t] + F.conv2d(F.pad(h, same(h.shape[2:], rk, [1, 1])), r)).chunk(4, 1)
            c = torch.sigmoid(g) * c + torch.sigmoid(i) * torch.tanh(n)
            h = torch.sigmoid(q) * torch.tanh(c)
            out.append(h)
        return torch.stack(out, 1).flatten(0, 1)

    def layerNorm(self, o, x, p):
        c = x.shape[1]
        w, b = self.parameter(p + "scale", [c]), self.parameter(p + "bias", [c])
        return F.layer_norm(x.movedim(1, -1), [c], w, b, 1e-5).movedim(-1, 1)

    def batchNorm(self, o, x, p):
        c = x.shape[1]
        w, b = self.parameter(p + "scale", [c]), self.parameter(p + "bias", [c])
        mean, variance = torch.zeros(c), torch.ones(c)
        y = F.batch_norm(x, mean, variance, w, b, True, 0.1, 1e-5)
        self.extra[p + "mean"], self.extra[p + "variance"] = mean, variance
        return y

    # --- losses -------------------------------------------------------------------------------------------------------
    def loss(self, term):
        y = self.outputs[term["output"]]
        target = (self.noise("target." + term["output"], y.shape) + 1) / 2
        mask = (self.noise("mask." + term["output"], y.shape) > -0.4).to(y.dtype)
        if term["kind"] == "mse":
            each = F.mse_loss(y, target, reduction="none")
        elif term["kind"] == "huber":
            each = F.huber_loss(y, target, reduction="none", delta=term.get("delta", 1.0))
        else:
            weight = torch.tensor(float(term.get("positiveWeight", 1)))
            each = F.binary_cross_entropy_with_logits(y, target, reduction="none", pos_weight=weight)
            if term["kind"] == "focal":
                each = (torch.sigmoid(y) - target).abs() ** term.get("gamma", 2) * each
        return term.get("weight", 1) * (each * mask).sum() / mask.sum()

    def total(self):
        self.outputs, self.masks = {}, 0
        shape = [self.B, self.T, *self.case["input"]["shape"]]
        self.layers(self.case["layers"], self.noise(self.case["input"]["name"], shape).flatten(0, 1))
        return sum(self.loss(term) for term in self.case["losses"])
