#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/test/resources/golden/llm: tiny seeded checkpoints in Hugging Face layout and their
losses and per-sample LoRA gradient norms, by PyTorch autograd in float64, one sample at a time.

    python3 tools/make_llm_fixtures.py [FOLDER]        (PyTorch 1.13; no other library)

The model is written out here from the papers' formulas; nothing is taken from the code under test.
"""
import json
import math
import pathlib
import struct
import sys

import torch

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "src/test/resources/golden/llm"
TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
LINEARS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
           "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


def write_safetensors(path, tensors, dtype):
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        stored = tensors[name].to(TYPES[dtype])
        view = torch.int32 if dtype == "F32" else torch.int16
        blob = stored.contiguous().view(view).numpy().astype("<i4" if dtype == "F32" else "<i2").tobytes()
        header[name] = {"dtype": dtype, "shape": list(stored.shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def philox(seed, purpose, a, b, c):
    """First word of Philox4x32-10, key = seed, counter = (purpose, a, b, c)."""
    mask = 0xFFFFFFFF
    k0, k1, x = seed & mask, seed >> 32 & mask, [purpose, a, b, c]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [p1 >> 32 ^ x[1] ^ k0, p1 & mask, p0 >> 32 ^ x[3] ^ k1, p0 & mask]
        k0, k1 = k0 + 0x9E3779B9 & mask, k1 + 0xBB67AE85 & mask
    return x[0]


def shapes(config):
    """In and out width of each linear layer."""
    d, i = config["hidden_size"], config["intermediate_size"]
    c = config.get("head_dim", d // config["num_attention_heads"])
    q, k = config["num_attention_heads"] * c, config["num_key_value_heads"] * c
    return dict(zip(LINEARS, [(d, q), (d, k), (d, k), (q, d), (d, i), (d, i), (i, d)]))


def biased(config):
    if config["model_type"] == "qwen2":
        return LINEARS[:3]
    return (LINEARS[:4] if config.get("attention_bias") else []) + (LINEARS[4:] if config.get("mlp_bias") else [])


def base_weights(config, dtype, generator):
    def normal(*shape, scale=1.0, shift=0.0):
        value = torch.randn(*shape, generator=generator) * scale + shift
        return value.to(TYPES[dtype])  # the stored, rounded value is the truth

    d, v = config["hidden_size"], config["vocab_size"]
    weights = {"model.embed_tokens.weight": normal(v, d, scale=0.3 if config["tie_word_embeddings"] else 0.8)}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for norm in ["input_layernorm", "post_attention_layernorm"]:
            weights[prefix + norm + ".weight"] = normal(d, scale=0.2, shift=1.0)
        for name, (n_in, n_out) in shapes(config).items():
            weights[f"{prefix}{name}.weight"] = normal(n_out, n_in, scale=1.2 / math.sqrt(n_in))
            if name in biased(config):
                weights[f"{prefix}{name}.bias"] = normal(n_out, scale=0.3)
    weights["model.norm.weight"] = normal(d, scale=0.2, shift=1.0)
    if not config["tie_word_embeddings"]:
        weights["lm_head.weight"] = normal(v, d, scale=1.5 / math.sqrt(d))
    return weights


def adapter_weights(config, adapter, dtype, generator):
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        for name, (n_in, n_out) in shapes(config).items():
            if name.split(".")[1] in adapter["target_modules"]:
                module = f"model.layers.{layer}.{name}."
                a = torch.randn(adapter["r"], n_in, generator=generator) / math.sqrt(n_in)
                b = torch.randn(n_out, adapter["r"], generator=generator) * 0.2
                weights[module + "lora_A"] = a.to(TYPES[dtype])
                weights[module + "lora_B"] = b.to(TYPES[dtype])
    return weights


def fresh_adapter(config, seed):
    """Rank 8, alpha 16 on q_proj and v_proj: A uniform in +-1/sqrt(in), B 0."""
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        for index in (0, 2):
            n_in, n_out = shapes(config)[LINEARS[index]]
            bound = 1 / math.sqrt(n_in)
            draws = [(2 * (philox(seed, 7, layer, index, i) / 2**32) - 1) * bound for i in range(8 * n_in)]
            module = f"model.layers.{layer}.{LINEARS[index]}."
            weights[module + "lora_A"] = torch.tensor(draws, dtype=torch.float64).float().reshape(8, n_in)
            weights[module + "lora_B"] = torch.zeros(n_out, 8)
    return weights


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def rotate(x, theta):
    """x (T, heads, C)."""
    t, _, c = x.shape
    frequency = theta ** (-torch.arange(c // 2, dtype=torch.float64) * 2 / c)
    angle = torch.arange(t, dtype=torch.float64)[:, None] * frequency[None, :]
    cos, sin = torch.cos(angle)[:, None, :], torch.sin(angle)[:, None, :]
    first, second = x[..., : c // 2], x[..., c // 2:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def sample_loss(config, weights, lora, scale, ids, labels):
    """Mean cross-entropy of the tokens t >= 1 whose label is not -100."""
    def linear(name, x):
        y = x @ weights[name + ".weight"].T
        if name + ".bias" in weights:
            y = y + weights[name + ".bias"]
        if name + ".lora_A" in lora:
            y = y + scale * (x @ lora[name + ".lora_A"].T) @ lora[name + ".lora_B"].T
        return y

    t, eps = len(ids), config["rms_norm_eps"]
    h, g = config["num_attention_heads"], config["num_key_value_heads"]
    c = config.get("head_dim", config["hidden_size"] // h)
    x = weights["model.embed_tokens.weight"][torch.tensor(ids)]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        n = rms_norm(x, weights[prefix + "input_layernorm.weight"], eps)
        q = rotate(linear(prefix + "self_attn.q_proj", n).reshape(t, h, c), config["rope_theta"])
        k = rotate(linear(prefix + "self_attn.k_proj", n).reshape(t, g, c), config["rope_theta"])
        v = linear(prefix + "self_attn.v_proj", n).reshape(t, g, c)
        outs = []
        for head in range(h):
            group = head // (h // g)
            score = q[:, head] @ k[:, group].T / math.sqrt(c)
            score = score.masked_fill(torch.triu(torch.ones(t, t, dtype=torch.bool), 1), -math.inf)
            outs.append(torch.softmax(score, -1) @ v[:, group])
        x = x + linear(prefix + "self_attn.o_proj", torch.cat(outs, -1))
        n = rms_norm(x, weights[prefix + "post_attention_layernorm.weight"], eps)
        gate = linear(prefix + "mlp.gate_proj", n)
        x = x + linear(prefix + "mlp.down_proj",
                       gate * torch.sigmoid(gate) * linear(prefix + "mlp.up_proj", n))
    x = rms_norm(x, weights["model.norm.weight"], eps)
    tied = config["tie_word_embeddings"]
    logits = x @ weights["model.embed_tokens.weight" if tied else "lm_head.weight"].T
    losses = [torch.logsumexp(logits[i - 1], 0) - logits[i - 1, ids[i]] for i in range(1, t) if labels[i] != -100]
    return sum(losses) / len(losses)


def expected(config, weights, lora, scale, samples):
    weights = {name: value.double() for name, value in weights.items()}
    result = []
    for sample in samples:
        phi = {name: value.double().requires_grad_() for name, value in lora.items()}
        loss = sample_loss(config, weights, phi, scale, sample["input_ids"],
                           sample.get("labels", sample["input_ids"]))
        loss.backward()
        norms = {name: value.grad.norm().item() for name, value in phi.items()}
        last = f"model.layers.{config['num_hidden_layers'] - 1}.self_attn.v_proj.lora_B"
        result.append({"loss": loss.item(), "effort_last_v_lora_B": norms[last],
                       "effort_all_lora": math.sqrt(sum(n * n for n in norms.values())),
                       "norm_by_tensor": norms})
    return result


def draw_samples(config, generator):
    samples = []
    for i, length in enumerate([2, 19, 3, 11, 11, 30, 7]):
        ids = torch.randint(0, config["vocab_size"], (length,), generator=generator).tolist()
        sample = {"input_ids": ids}
        if i in (3, 5):  # the response only
            start = length - 4
            sample["labels"] = [-100] * start + ids[start:]
        elif i == 6:  # a gap
            sample["labels"] = [id if t % 3 else -100 for t, id in enumerate(ids)]
        samples.append(sample)
    return samples


def shard(folder, weights, dtype):
    names = sorted(weights)
    parts = [names[0::2], names[1::2]]
    index = {"metadata": {"total_size": 0}, "weight_map": {}}
    for i, part in enumerate(parts):
        file = f"model-{i + 1:05d}-of-{len(parts):05d}.safetensors"
        write_safetensors(folder / file, {name: weights[name] for name in part}, dtype)
        index["weight_map"].update({name: file for name in part})
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def make(root, name, seed, config, dtype, adapter, adapter_dtype="F32", sharded=False, fresh_seed=None):
    folder = root / name
    (folder / "adapter").mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    weights = base_weights(config, dtype, generator)
    lora = adapter_weights(config, adapter, adapter_dtype, generator)
    samples = draw_samples(config, generator)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "adapter/adapter_config.json").write_text(json.dumps(adapter, indent=1) + "\n")
    peft = {f"base_model.model.{key}.weight": value for key, value in lora.items()}
    write_safetensors(folder / "adapter/adapter_model.safetensors", peft, adapter_dtype)
    if sharded:
        shard(folder, weights, dtype)
    else:
        write_safetensors(folder / "model.safetensors", weights, dtype)
    r = adapter["r"]
    scale = adapter["lora_alpha"] / (math.sqrt(r) if adapter.get("use_rslora") else r)
    truth = {"samples": expected(config, weights, lora, scale, samples)}
    if fresh_seed is not None:
        truth["fresh_seed"] = fresh_seed
        truth["fresh"] = expected(config, weights, fresh_adapter(config, fresh_seed), 2.0, samples)
    (folder / "samples.jsonl").write_text("".join(json.dumps(s) + "\n" for s in samples))
    (folder / "expected.json").write_text(json.dumps(truth, indent=1) + "\n")


def lora(r, alpha, modules, **more):
    return {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": r, "lora_alpha": alpha, "lora_dropout": 0.05,
            "bias": "none", "target_modules": modules, "fan_in_fan_out": False, "modules_to_save": None,
            "rank_pattern": {}, "alpha_pattern": {}, "use_dora": False, **more}


def llama(**fields):
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "rms_norm_eps": 2.0**-17, "rope_theta": 10000.0, "max_position_embeddings": 64,
            "rope_scaling": None, "bos_token_id": 1, "eos_token_id": 2, **fields}


def qwen2(**fields):
    return {**llama(**fields), "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2",
            "use_sliding_window": False, "sliding_window": 4096, "eos_token_id": [2, 3]}


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    every = [name.split(".")[1] for name in LINEARS]
    # Head widths 4 and 16, ranks whose scale is a binary fraction: float32 arguments are then exact.
    make(root, "llama-biased", 1, llama(
        vocab_size=53, hidden_size=24, intermediate_size=20, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=2, head_dim=16, tie_word_embeddings=False, attention_bias=True, mlp_bias=True),
        "F32", lora(4, 6, every, use_rslora=True), fresh_seed=2**40 + 7)
    make(root, "qwen2-sharded", 2, qwen2(
        vocab_size=61, hidden_size=16, intermediate_size=28, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=True, rope_theta=1000000.0),
        "F32", lora(2, 3, ["q_proj", "v_proj"]), sharded=True)
    make(root, "llama-f16", 3, llama(
        vocab_size=40, hidden_size=12, intermediate_size=34, num_hidden_layers=2, num_attention_heads=3,
        num_key_value_heads=3, tie_word_embeddings=False), "F16",
        lora(8, 16, ["v_proj", "o_proj", "down_proj"]), adapter_dtype="F16")
    make(root, "qwen2-bf16", 4, qwen2(
        vocab_size=47, hidden_size=16, intermediate_size=18, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=1, tie_word_embeddings=True), "BF16",
        lora(4, 8, ["k_proj", "v_proj", "gate_proj", "up_proj"]), adapter_dtype="BF16")


if __name__ == "__main__":
    main()
