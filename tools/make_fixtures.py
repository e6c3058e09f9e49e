#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/test/resources/golden/ops/*.json: what PyTorch's float64 autograd says about each operation.

Inputs are float64 values that float32 holds exactly, so that every backend gets the same ones; so are the scalars
that cross the Java API as float. Run from the project's root with Debian's python3-torch: /usr/bin/python3
tools/make_fixtures.py. The output depends on the seed below and on nothing else.
"""

import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch.autograd.functional import jvp, vjp

SEED = 20240607
FOLDER = "src/test/resources/golden/ops"
LENGTHS = [4, 1, 0, 5]


def scalar(value):
    """The float64 value of a Java float."""
    return float(np.float32(value))


class Fixture:
    """Named tensors of one operation, written as {"name": {"shape": [...], "values": [...]}}."""

    def __init__(self, name):
        self.name = name
        self.tensors = {}
        self.random = np.random.RandomState(SEED + sum(name.encode()))

    def gaussian(self, name, *shape):
        values = self.random.standard_normal(shape).astype(np.float32).astype(np.float64)
        return self.put(name, torch.from_numpy(values))

    def ids(self, name, low, high, *shape):
        return self.put(name, torch.from_numpy(self.random.randint(low, high, shape)))

    def put(self, name, tensor):
        self.tensors[name] = tensor.detach()
        return self.tensors[name]

    def put_all(self, names, tensors):
        for name, tensor in zip(names.split(), tensors):
            self.put(name, tensor)

    def write(self):
        text = {
            name: {"shape": list(t.shape), "values": t.flatten().tolist()} for name, t in self.tensors.items()
        }
        path = os.path.join(FOLDER, self.name + ".json")
        with open(path, "w", encoding="ascii") as file:
            json.dump(text, file, indent=None, separators=(",", ":"))
            file.write("\n")
        assert os.path.getsize(path) <= 100_000, path


def gradients(function, inputs, cotangent):
    """Gradients of cotangent . function(*inputs), as a differentiable function of both."""
    return vjp(function, inputs, cotangent, create_graph=True)[1]


def attention(name, heads, groups, width):
    fixture = Fixture(name)
    rows = sum(LENGTHS)
    scale = scalar(1 / math.sqrt(width))
    offsets = [sum(LENGTHS[:b]) for b in range(len(LENGTHS) + 1)]
    fixture.put("offsets", torch.tensor(offsets))
    q = fixture.gaussian("q", rows, heads, width)
    k = fixture.gaussian("k", rows, groups, width)
    v = fixture.gaussian("v", rows, groups, width)
    dout = fixture.gaussian("dout", rows, heads, width)
    tangents = (
        fixture.gaussian("qDot", rows, heads, width),
        fixture.gaussian("kDot", rows, groups, width),
        fixture.gaussian("vDot", rows, groups, width),
    )
    dout_dot = fixture.gaussian("doutDot", rows, heads, width)

    def forward(q, k, v):
        outs, sums = [], []
        for start, end in zip(offsets, offsets[1:]):
            n = end - start
            keys = k[start:end].repeat_interleave(heads // groups, dim=1)
            values = v[start:end].repeat_interleave(heads // groups, dim=1)
            logits = scale * torch.einsum("ihc,jhc->hij", q[start:end], keys)
            mask = torch.ones(n, n, dtype=torch.bool).tril()
            logits = logits.masked_fill(~mask, -math.inf)
            outs.append(torch.einsum("hij,jhc->ihc", torch.softmax(logits, dim=2), values))
            sums.append(torch.logsumexp(logits, dim=2).T)
        return torch.cat(outs), torch.cat(sums)

    def out_only(q, k, v):
        return forward(q, k, v)[0]

    def backward(q, k, v, dout):
        return gradients(out_only, (q, k, v), dout)

    fixture.put_all("out lse", forward(q, k, v))
    fixture.put_all("dq dk dv", backward(q, k, v, dout))
    fixture.put_all("outDot lseDot", jvp(forward, (q, k, v), tangents)[1])
    fixture.put_all("dqDot dkDot dvDot", jvp(backward, (q, k, v, dout), tangents + (dout_dot,))[1])
    fixture.write()


def layer_norm():
    fixture = Fixture("residual_layer_norm")
    rows, width, eps = 7, 12, scalar(1e-12)
    x = fixture.gaussian("x", rows, width)
    bias = fixture.gaussian("bias", width)
    residual = fixture.gaussian("residual", rows, width)
    gamma = fixture.gaussian("gamma", width)
    beta = fixture.gaussian("beta", width)
    dy = fixture.gaussian("dy", rows, width)
    s_dot = fixture.gaussian("sDot", rows, width)
    gamma_dot = fixture.gaussian("gammaDot", width)
    beta_dot = fixture.gaussian("betaDot", width)
    dy_dot = fixture.gaussian("dyDot", rows, width)
    s = x + bias + residual

    def norm(s, gamma, beta):
        return F.layer_norm(s, (width,), gamma, beta, eps)

    def forward(s, gamma, beta):
        xhat = F.layer_norm(s, (width,), None, None, eps)
        rstd = (s.var(dim=1, unbiased=False) + eps).rsqrt()
        return norm(s, gamma, beta), xhat, rstd

    def backward(s, gamma, dy):
        return gradients(norm, (s, gamma, beta), dy)

    fixture.put_all("y xhat rstd", forward(s, gamma, beta))
    fixture.put_all("ds dgamma dbeta", backward(s, gamma, dy))
    fixture.put("dbias", gradients(lambda b: norm(x + b + residual, gamma, beta), bias, dy))
    fixture.put_all("yDot xhatDot rstdDot", jvp(forward, (s, gamma, beta), (s_dot, gamma_dot, beta_dot))[1])
    fixture.put_all("dsDot dgammaDot dbetaDot", jvp(backward, (s, gamma, dy), (s_dot, gamma_dot, dy_dot))[1])
    fixture.write()


def bias_relu():
    fixture = Fixture("bias_relu")
    rows, width = 7, 12
    x = fixture.gaussian("x", rows, width)
    bias = fixture.gaussian("bias", width)
    dy = fixture.gaussian("dy", rows, width)
    tangents = (fixture.gaussian("xDot", rows, width), fixture.gaussian("biasDot", width))

    def forward(x, bias):
        return F.relu(x + bias)

    fixture.put("y", forward(x, bias))
    fixture.put_all("dx dbias", gradients(forward, (x, bias), dy))
    fixture.put("yDot", jvp(forward, (x, bias), tangents)[1])
    fixture.write()


def sampled_bce():
    fixture = Fixture("sampled_bce")
    rows, width, items = 9, 8, 6
    h = fixture.gaussian("h", rows, width)
    table = fixture.gaussian("table", items, width)
    positives = fixture.ids("positives", 1, items, rows)
    negatives = fixture.ids("negatives", 1, items, rows)
    w = fixture.gaussian("w", rows)
    tangents = (fixture.gaussian("hDot", rows, width), fixture.gaussian("tableDot", items, width))

    def logits(h, table):
        return (table[positives] * h).sum(1), (table[negatives] * h).sum(1)

    def loss_of(p, n):
        one = F.binary_cross_entropy_with_logits(p, torch.ones_like(p), reduction="none")
        return one + F.binary_cross_entropy_with_logits(n, torch.zeros_like(n), reduction="none")

    def forward(h, table):
        p, n = logits(h, table)
        dpos, dneg = gradients(loss_of, (p, n), w)
        return loss_of(p, n), dpos, dneg, gradients(lambda x: loss_of(*logits(x, table)), h, w)

    fixture.put_all("loss dpos dneg dh", forward(h, table))
    fixture.put_all("lossDot dposDot dnegDot dhDot", jvp(forward, (h, table), tangents)[1])
    fixture.write()


def adam():
    fixture = Fixture("adam_step")
    size, steps = 11, 3
    param = torch.nn.Parameter(fixture.gaussian("param", size).clone())
    grads = fixture.gaussian("grads", steps, size)
    betas = (scalar(0.9), scalar(0.999))
    optimizer = torch.optim.Adam([param], lr=scalar(1e-3), betas=betas, eps=scalar(1e-8))
    for grad in grads:
        param.grad = grad.clone()
        optimizer.step()
    state = optimizer.state[param]
    fixture.put_all("paramAfter m v", (param, state["exp_avg"], state["exp_avg_sq"]))
    fixture.write()


def linear_grad_sqnorm():
    fixture = Fixture("linear_grad_sqnorm")
    rows, wide, out = sum(LENGTHS), 6, 5
    offsets = [sum(LENGTHS[:b]) for b in range(len(LENGTHS) + 1)]
    fixture.put("offsets", torch.tensor(offsets))
    act = fixture.gaussian("act", rows, wide)
    delta = fixture.gaussian("delta", rows, out)
    weight = fixture.gaussian("weight", out, wide)
    norms = []
    for start, end in zip(offsets, offsets[1:]):
        gradient = gradients(lambda w: act[start:end] @ w.T, weight, delta[start:end])
        norms.append((gradient**2).sum())
    fixture.put("out", torch.stack(norms))
    fixture.write()


def rms_norm():
    fixture = Fixture("rms_norm")
    rows, width, eps = 7, 12, scalar(1e-6)
    x = fixture.gaussian("x", rows, width)
    weight = fixture.gaussian("weight", width)
    dy = fixture.gaussian("dy", rows, width)

    def forward(x):
        rstd = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
        return weight * (x * rstd), rstd[:, 0]

    fixture.put_all("y rstd", forward(x))
    fixture.put("dx", gradients(lambda x: forward(x)[0], x, dy))
    fixture.write()


def rope():
    """Hugging Face's LLaMA: emb = cat(freqs, freqs); x cos + rotate_half(x) sin."""
    fixture = Fixture("rope")
    rows, heads, width, length = 6, 3, 8, 32
    positions = fixture.ids("positions", 0, length, rows)
    x = fixture.gaussian("x", rows, heads, width)
    inverse = 1.0 / (10000.0 ** (torch.arange(0, width, 2, dtype=torch.float64) / width))
    freqs = torch.outer(torch.arange(length, dtype=torch.float64), inverse)
    cosines = fixture.put("cosines", freqs.cos().float().double())
    sines = fixture.put("sines", freqs.sin().float().double())

    def rotate_half(x):
        return torch.cat((-x[..., width // 2 :], x[..., : width // 2]), dim=-1)

    def forward(x):
        cos = torch.cat((cosines, cosines), dim=-1)[positions][:, None, :]
        sin = torch.cat((sines, sines), dim=-1)[positions][:, None, :]
        return x * cos + rotate_half(x) * sin

    fixture.put("y", forward(x))
    dy = fixture.gaussian("dy", rows, heads, width)
    fixture.put("dx", gradients(forward, x, dy))
    fixture.write()


def swiglu():
    fixture = Fixture("swiglu")
    size = 40
    gate = fixture.put("gate", 4 * fixture.gaussian("gate", size))
    up = fixture.gaussian("up", size)
    dout = fixture.gaussian("dout", size)

    def forward(gate, up):
        return F.silu(gate) * up

    fixture.put("out", forward(gate, up))
    fixture.put_all("dgate dup", gradients(forward, (gate, up), dout))
    fixture.write()


def cross_entropy():
    fixture = Fixture("cross_entropy")
    rows, classes = 9, 31
    logits = fixture.put("logits", 4 * fixture.gaussian("logits", rows, classes))
    targets = fixture.ids("targets", 0, classes, rows)
    targets[3] = -100
    w = fixture.gaussian("w", rows)

    def forward(logits):
        return F.cross_entropy(logits, targets, ignore_index=-100, reduction="none")

    fixture.put("loss", forward(logits))
    fixture.put("dlogits", gradients(forward, logits, w))
    fixture.write()


def main():
    os.makedirs(FOLDER, exist_ok=True)
    attention("attention", heads=2, groups=2, width=4)
    attention("attention_grouped", heads=4, groups=2, width=4)
    layer_norm()
    bias_relu()
    sampled_bce()
    adam()
    linear_grad_sqnorm()
    rms_norm()
    rope()
    swiglu()
    cross_entropy()


if __name__ == "__main__":
    main()
