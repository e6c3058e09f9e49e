# SPDX-License-Identifier: Apache-2.0
"""llama_effort.py FOLDER ADAPTER OUT published|tuned [--samples N]: effort scores by PyTorch, timed.

published: one sample after the other, gradients of every LoRA tensor by one backward pass each, as published code does
(without its dropout, so that results can be compared). tuned: samples of similar length together, no gradients below the
last layer, its value gradient alone by autograd, norms of all samples by one batched product."""
import argparse
import json
import time

import torch
from torch.nn import functional

import inputs
import llama

POSITIONS = 2400  # of a batch; 1200 to 4800 took the same
HEAD_ROWS = 512


def sums(logits, ids):
    """Mean loss of each sample; ids (B,T), -1 after the end."""
    losses = functional.cross_entropy(
        logits[:, :-1].transpose(1, 2), ids[:, 1:], ignore_index=-1, reduction="none"
    )
    return losses.sum(1) / (ids[:, 1:] >= 0).sum(1)


def published(model, samples):
    last = f"model.layers.{model.layers - 1}.self_attn.v_proj.lora_B"
    for tensor in model.lora.values():
        tensor.requires_grad_()
    norms, losses = [], []
    for sample in samples:
        for tensor in model.lora.values():
            tensor.grad = None
        x = model.embed(sample[None])
        for layer in range(model.layers):
            x = model.layer(layer, x)
        loss = sums(model.logits(x), sample[None])[0]
        loss.backward()
        norms.append(model.lora[last].grad.norm().item())
        losses.append(loss.item())
    return norms, losses


def tuned(model, samples):
    order = sorted(range(len(samples)), key=lambda s: len(samples[s]))
    norms, losses = [0.0] * len(samples), [0.0] * len(samples)
    while order:
        count = 1
        while count < len(order) and (count + 1) * len(samples[order[count]]) <= POSITIONS:
            count += 1
        members, order = order[:count], order[count:]
        batch_norms, batch_losses = together(model, [samples[member] for member in members])
        for member, norm, loss in zip(members, batch_norms, batch_losses):
            norms[member], losses[member] = norm, loss
    return norms, losses


def together(model, samples):
    ids = torch.nn.utils.rnn.pad_sequence(samples, batch_first=True, padding_value=-1)
    last = model.layers - 1
    name = f"model.layers.{last}.self_attn.v_proj"
    with torch.no_grad():
        x = model.embed(ids.clamp(min=0))
        for layer in range(last):
            x = model.layer(layer, x)
        normed = model.norm(f"model.layers.{last}.input_layernorm", x)
        value = model.linear(name, normed)
        low = functional.linear(normed, model.lora[name + ".lora_A"])
    value.requires_grad_()
    scored = ids[:, 1:] >= 0
    states = model.norm("model.norm", model.layer(last, x, value)[:, :-1][scored])
    weights = (1 / scored.sum(1))[:, None].expand(scored.shape)[scored]
    losses, back = head(model, states.detach(), ids[:, 1:][scored], weights)
    (gradient,) = torch.autograd.grad(states, value, back)
    means = torch.zeros(len(samples)).index_add_(0, scored.nonzero()[:, 0], losses)
    gradients = torch.bmm(gradient.transpose(1, 2), low) * (llama.ALPHA / llama.RANK)
    return gradients.flatten(1).norm(dim=1).tolist(), means.tolist()


def head(model, states, targets, weights):
    """Weighted losses of rows of states, and their gradient, some rows at a time: logits of all take a third longer."""
    losses, back = torch.empty(len(states)), torch.empty_like(states)
    for part in torch.arange(len(states)).split(HEAD_ROWS):
        rows = slice(int(part[0]), int(part[-1]) + 1)
        leaf = states[rows].requires_grad_()
        loss = functional.cross_entropy(model.unembed(leaf), targets[rows], reduction="none") * weights[rows]
        (back[rows],) = torch.autograd.grad(loss.sum(), leaf)
        losses[rows] = loss.detach()
    return losses, back


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("adapter")
    parser.add_argument("out")
    parser.add_argument("side", choices=("published", "tuned"))
    parser.add_argument("--samples", type=int, default=1 << 30)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = llama.Llama(args.folder)
    model.read_adapter(args.adapter)
    samples = llama.read_samples(args.folder)[: args.samples]
    score = {"published": published, "tuned": tuned}[args.side]
    score(model, samples[:2])  # memory is allocated, kernels are chosen
    begin = time.perf_counter()
    norms, losses = score(model, samples)
    seconds = time.perf_counter() - begin
    inputs.write_doubles(args.out, [*norms, *losses])
    tokens = sum(len(sample) for sample in samples)
    facts = {"side": args.side, "seconds": seconds, "tokens": tokens, "rate": tokens / seconds}
    print(json.dumps({**facts, "torch": torch.__version__}))


main()
