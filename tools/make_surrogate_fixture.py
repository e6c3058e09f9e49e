#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes src/test/resources/golden/surrogate_d8.safetensors: a small SASRec in float64 PyTorch
autograd, by one plain loop over samples. Weights are float32, everything else is float64. The names
and the meaning of the tensors are in src/test/resources/golden/README.md.

usage: tools/make_surrogate_fixture.py [OUT]      (PyTorch 1.13, one thread, seed below)
"""
import json
import math
import struct
import sys

import torch

SEED, D, LAYERS, HEADS, MAX_LEN, ITEMS, SAMPLES = 20240917, 8, 2, 2, 6, 40, 12
DAMP, SCALE, STEPS, PROBED, EXACT, ADAM_STEPS = 0.01, 25.0, 60, 4, 12, 3
KEY = f'item_encoder.layer.{LAYERS - 1}.attention.dense.weight'


def make_weights(generator):
    def normal(*shape):
        return (0.35 * torch.randn(*shape, generator=generator)).float().double()

    w = {'item_embeddings.weight': normal(ITEMS + 1, D), 'position_embeddings.weight': normal(MAX_LEN, D)}
    w['item_embeddings.weight'][0] = 0

    def norm(name):
        w[name + '.weight'], w[name + '.bias'] = (1 + normal(D)).float().double(), normal(D)

    norm('LayerNorm')
    for layer in range(LAYERS):
        prefix = f'item_encoder.layer.{layer}.'
        for part in ('query', 'key', 'value', 'dense'):
            w[f'{prefix}attention.{part}.weight'], w[f'{prefix}attention.{part}.bias'] = normal(D, D), normal(D)
        norm(prefix + 'attention.LayerNorm')
        for part in ('conv1d_1', 'conv1d_2'):
            w[f'{prefix}intermediate.{part}.weight'], w[f'{prefix}intermediate.{part}.bias'] = normal(D, D, 1), normal(D)
        norm(prefix + 'intermediate.LayerNorm')
    return w


def layer_norm(w, name, x):
    return torch.nn.functional.layer_norm(x, (D,), w[name + '.weight'], w[name + '.bias'], 1e-12)


def hidden(w, items):
    """Hidden states of one sample, (n,D), as the padded model gives them for its real positions."""
    n, c = len(items), D // HEADS
    x = layer_norm(w, 'LayerNorm', w['item_embeddings.weight'][items] + w['position_embeddings.weight'][MAX_LEN - n:])
    causal = torch.full((n, n), -10000.0, dtype=torch.float64).triu(1)
    for layer in range(LAYERS):
        prefix = f'item_encoder.layer.{layer}.'

        def linear(name, y):
            return y @ w[prefix + name + '.weight'].reshape(D, D).T + w[prefix + name + '.bias']

        q, k, v = (linear('attention.' + part, x).reshape(n, HEADS, c).transpose(0, 1) for part in ('query', 'key', 'value'))
        a = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(c) + causal, -1) @ v
        a = linear('attention.dense', a.transpose(0, 1).reshape(n, D))
        middle = layer_norm(w, prefix + 'attention.LayerNorm', a + x)
        f = linear('intermediate.conv1d_2', linear('intermediate.conv1d_1', middle).relu()).relu()
        x = layer_norm(w, prefix + 'intermediate.LayerNorm', f + middle)
    return x


def position_loss(w, sample):
    items, positives, negatives = sample
    h, table = hidden(w, items), w['item_embeddings.weight']
    softplus = torch.nn.functional.softplus
    return softplus(-(table[positives] * h).sum(-1)) + softplus((table[negatives] * h).sum(-1))


def make_samples(generator):
    samples = []
    for s in range(SAMPLES):
        n = 1 + s % MAX_LEN
        row = torch.randint(1, ITEMS + 1, (n + 1,), generator=generator)
        negatives = []
        while len(negatives) < n:
            item = int(torch.randint(1, ITEMS + 1, (1,), generator=generator))
            if item not in row.tolist():
                negatives.append(item)
        samples.append((row[:-1], row[1:], torch.tensor(negatives)))
    return samples


def main(out):
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(SEED)
    w, samples = make_weights(generator), make_samples(generator)
    for value in w.values():
        value.requires_grad_()
    result = {f'weight/{name}': value.detach().float() for name, value in w.items()}
    for i, name in enumerate(('items', 'positives', 'negatives')):
        result['input/' + name] = torch.cat([s[i] for s in samples])
    result['input/offsets'] = torch.tensor([0] + [len(s[0]) for s in samples]).cumsum(0)

    losses = [position_loss(w, s) for s in samples]
    result['output/hidden'] = torch.cat([hidden(w, s[0]) for s in samples])
    result['output/sample_loss'] = torch.stack([loss.mean() for loss in losses])
    batch_loss = torch.cat(losses).mean()
    result['output/batch_loss'] = batch_loss.reshape(1)
    for name, gradient in zip(w, torch.autograd.grad(batch_loss, list(w.values()), retain_graph=True)):
        if name == 'item_embeddings.weight':
            rows = gradient.abs().sum(1).nonzero().flatten()
            result[f'grad/{name}/rows'], gradient = rows, gradient[rows]
        result['grad/' + name] = gradient
    first = [torch.autograd.grad(loss.mean(), w[KEY], create_graph=True)[0] for loss in losses]
    gradients = torch.stack([g.detach().flatten() for g in first])
    result['output/sample_grad'] = gradients

    def hvp(s, v):
        return torch.autograd.grad((first[s] * v).sum(), w[KEY], retain_graph=True)[0]

    probe = torch.randn(D, D, generator=generator, dtype=torch.float64)
    result['hvp/probe'] = probe
    result['hvp/result'] = torch.stack([hvp(s, probe) for s in range(PROBED)])

    order = torch.randint(0, SAMPLES, (STEPS,), generator=generator)
    v = gradients.mean(0).reshape(D, D)
    h = v.clone()
    for s in order.tolist():
        h = v + (1 - DAMP) * h - hvp(s, h) / SCALE
    result['lissa/order'], result['lissa/v'], result['lissa/h'] = order, v, h
    result['lissa/scores'] = gradients @ h.flatten()

    basis = torch.eye(D * D, dtype=torch.float64).reshape(-1, D, D)
    hessian = torch.stack([sum(hvp(s, e) for s in range(EXACT)).flatten() / EXACT for e in basis])
    hessian = (hessian + hessian.T) / 2
    damping = DAMP * SCALE
    solution = torch.linalg.solve(hessian + damping * torch.eye(D * D, dtype=torch.float64), gradients[:EXACT].mean(0))
    result['exact/damping'] = torch.tensor([damping], dtype=torch.float64)
    result['exact/hessian'], result['exact/solution'] = hessian, solution
    result['exact/scores'] = gradients[:EXACT] @ solution

    optimizer = torch.optim.Adam(list(w.values()), lr=1e-3)
    for _ in range(ADAM_STEPS):
        optimizer.zero_grad()
        torch.cat([position_loss(w, s) for s in samples]).mean().backward()
        optimizer.step()
    result.update({'train/' + name: value.detach().clone() for name, value in w.items()})
    write(out, result)


def write(out, tensors):
    kinds = {torch.float32: 'F32', torch.float64: 'F64', torch.int64: 'I64'}
    header, data = {'__metadata__': {k: str(v) for k, v in dict(
        hidden=D, layers=LAYERS, heads=HEADS, max_len=MAX_LEN, items=ITEMS + 1, damp=DAMP, scale=SCALE, key=KEY,
        seed=SEED, torch=torch.__version__).items()}}, b''
    for name, value in sorted(tensors.items()):
        blob = value.detach().contiguous().numpy().tobytes()
        header[name] = {'dtype': kinds[value.dtype], 'shape': list(value.shape), 'data_offsets': [len(data), len(data) + len(blob)]}
        data += blob
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(out, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + data)


if __name__ == '__main__':
    main(sys.argv[1] if len(sys.argv) > 1 else 'src/test/resources/golden/surrogate_d8.safetensors')
