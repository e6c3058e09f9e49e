#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tiny seeded checkpoints of every model family beside those of make_llm_fixtures.py, with
their losses and per-sample LoRA gradient norms by PyTorch autograd in float64, one sample at a time.

    python3 tools/make_family_fixtures.py [FOLDER]        (PyTorch 1.13; no other library)

Each family is written out here as its paper and its model card describe it: what a configuration
means is said a second time, in `traits`, and nothing is taken from the code under test.
"""
import json
import math
import pathlib
import sys

import torch

import make_llm_fixtures as base

GEMMAS = ("gemma2", "gemma3_text")


def old_or_new(config, name, absent):
    """A field of the configuration, or of rope_parameters, where newer ones keep it."""
    return config.get("rope_parameters", {}).get(name, config.get(name, absent))


def plain_frequencies(theta, turned):
    return theta ** (-torch.arange(turned // 2, dtype=torch.float64) * 2 / turned)


def llama3_frequencies(frequencies, scaling):
    """Long waves are stretched by the factor, short ones stay, those between are blended."""
    old = scaling["original_max_position_embeddings"]
    result = []
    for frequency in frequencies.tolist():
        turns = old * frequency / (2 * math.pi)  # within the original context
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        share = min(1.0, max(0.0, (turns - low) / (high - low)))
        result.append((1 - share) * frequency / scaling["factor"] + share * frequency)
    return torch.tensor(result, dtype=torch.float64)


def rope(config, local, tokens):
    """Inverse frequencies and the factor of cosines and sines in a text of so many tokens."""
    head = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    turned = int(head * old_or_new(config, "partial_rotary_factor", 1.0))
    if local:
        return plain_frequencies(config["rope_local_base_freq"], turned), 1.0
    plain = plain_frequencies(old_or_new(config, "rope_theta", 10000.0), turned)
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        return plain / scaling["factor"], 1.0
    if kind == "llama3":
        return llama3_frequencies(plain, scaling), 1.0
    if kind == "longrope":
        old = config["original_max_position_embeddings"]
        stretch = config["max_position_embeddings"] / old
        factor = math.sqrt(1 + math.log(stretch) / math.log(old))
        factors = scaling["long_factor" if tokens > old else "short_factor"]
        return plain / torch.tensor(factors, dtype=torch.float64), factor
    return plain, 1.0  # also "dynamic", which changes nothing within max_position_embeddings


def windowed(config, layer):
    kind = config["model_type"]
    if kind == "mistral" or kind == "phi3":
        return True
    if kind == "qwen2" or kind == "qwen3":
        return config.get("use_sliding_window", False) and layer >= config["max_window_layers"]
    if kind == "gemma2":
        return layer % 2 == 0
    if kind == "gemma3_text":
        return (layer + 1) % config["sliding_window_pattern"] != 0
    return False


def layer_traits(config, layer, tokens):
    gemma3_local = config["model_type"] == "gemma3_text" and windowed(config, layer)
    frequencies, factor = rope(config, gemma3_local, tokens)
    return {"window": config["sliding_window"] if windowed(config, layer) else 10**9,
            "frequencies": frequencies, "factor": factor}


def traits(config):
    kind = config["model_type"]
    gemma = kind in GEMMAS
    head = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    return {"gemma": gemma, "head": head, "head_norms": kind in ("qwen3", "gemma3_text"),
            "fused": kind == "phi3",
            "scale": 1 / math.sqrt(config["query_pre_attn_scalar"] if gemma else head),
            "score_cap": config.get("attn_logit_softcapping"),
            "logit_cap": config.get("final_logit_softcapping")}


def linears(config):
    """In and out width of each linear layer."""
    separate = base.shapes({**config, "head_dim": traits(config)["head"]})
    if not traits(config)["fused"]:
        return separate
    d, i = config["hidden_size"], config["intermediate_size"]
    qkv = sum(separate[name][1] for name in base.LINEARS[:3])
    return {"self_attn.qkv_proj": (d, qkv), "self_attn.o_proj": separate["self_attn.o_proj"],
            "mlp.gate_up_proj": (d, 2 * i), "mlp.down_proj": (i, d)}


def norms(config):
    kind = config["model_type"]
    names = ["input_layernorm", "post_attention_layernorm"]
    if kind in GEMMAS:
        names += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
    widths = {name: config["hidden_size"] for name in names}
    if traits(config)["head_norms"]:
        widths["self_attn.q_norm"] = widths["self_attn.k_norm"] = traits(config)["head"]
    return widths


def base_weights(config, dtype, generator):
    def normal(*shape, scale=1.0, shift=0.0):
        return (torch.randn(*shape, generator=generator) * scale + shift).to(base.TYPES[dtype])

    gemma, d, v = traits(config)["gemma"], config["hidden_size"], config["vocab_size"]
    middle = 0.0 if gemma else 1.0
    weights = {"model.embed_tokens.weight": normal(v, d, scale=0.3)}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for name, width in norms(config).items():
            weights[f"{prefix}{name}.weight"] = normal(width, scale=0.2, shift=middle)
        for name, (n_in, n_out) in linears(config).items():
            weights[f"{prefix}{name}.weight"] = normal(n_out, n_in, scale=1.2 / math.sqrt(n_in))
            if name in base.biased(config):
                weights[f"{prefix}{name}.bias"] = normal(n_out, scale=0.3)
    weights["model.norm.weight"] = normal(d, scale=0.2, shift=middle)
    if not config["tie_word_embeddings"]:
        weights["lm_head.weight"] = normal(v, d, scale=1.5 / math.sqrt(d))
    return weights


def size(adapter, module):
    """Rank and scale of a module: those of the first pattern that ends its name, or the adapter's."""
    def look(patterns, absent):
        found = [value for key, value in patterns.items() if module.endswith("." + key)]
        return found[0] if found else absent

    rank = look(adapter["rank_pattern"], adapter["r"])
    alpha = look(adapter["alpha_pattern"], adapter["lora_alpha"])
    return rank, alpha / (math.sqrt(rank) if adapter.get("use_rslora") else rank)


def adapter_weights(config, adapter, generator):
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        for name, (n_in, n_out) in linears(config).items():
            if name.split(".")[1] in adapter["target_modules"]:
                module = f"model.layers.{layer}.{name}"
                rank = size(adapter, module)[0]
                weights[module + ".lora_A"] = torch.randn(rank, n_in, generator=generator) / math.sqrt(n_in)
                weights[module + ".lora_B"] = torch.randn(n_out, rank, generator=generator) * 0.2
    return weights


def fresh_adapter(config, seed):
    """Of a fused model: rank 8, alpha 16 on qkv_proj; A uniform in +-1/sqrt(in), B 0."""
    weights, (n_in, n_out) = {}, linears(config)["self_attn.qkv_proj"]
    bound = 1 / math.sqrt(n_in)
    for layer in range(config["num_hidden_layers"]):
        draws = [(2 * (base.philox(seed, 7, layer, 0, i) / 2**32) - 1) * bound for i in range(8 * n_in)]
        module = f"model.layers.{layer}.self_attn.qkv_proj."
        weights[module + "lora_A"] = torch.tensor(draws, dtype=torch.float64).float().reshape(8, n_in)
        weights[module + "lora_B"] = torch.zeros(n_out, 8)
    return weights


def rotate(x, layer):
    """x (T, heads, C); the columns beyond the frequencies stay."""
    t, _, width = x.shape
    half = len(layer["frequencies"])
    angle = torch.arange(t, dtype=torch.float64)[:, None] * layer["frequencies"][None, :]
    cos = (layer["factor"] * torch.cos(angle))[:, None, :]
    sin = (layer["factor"] * torch.sin(angle))[:, None, :]
    first, second, rest = x[..., :half], x[..., half: 2 * half], x[..., 2 * half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], -1)


class Model:
    def __init__(self, config, weights, lora, scale):
        self.config, self.weights, self.lora, self.scale = config, weights, lora, scale
        self.traits = traits(config)

    def linear(self, name, x):
        y = x @ self.weights[name + ".weight"].T
        if name + ".bias" in self.weights:
            y = y + self.weights[name + ".bias"]
        if name + ".lora_A" in self.lora:
            y = y + self.scale(name) * (x @ self.lora[name + ".lora_A"].T) @ self.lora[name + ".lora_B"].T
        return y

    def norm(self, name, x):
        weight = self.weights[name + ".weight"]
        weight = weight + 1 if self.traits["gemma"] else weight
        return base.rms_norm(x, weight, self.config["rms_norm_eps"])

    def attention(self, prefix, layer, x):
        t, c = x.shape[0], self.traits["head"]
        h, g = self.config["num_attention_heads"], self.config["num_key_value_heads"]
        if self.traits["fused"]:
            qkv = self.linear(prefix + "self_attn.qkv_proj", x)
            q, k, v = qkv[:, : h * c], qkv[:, h * c: (h + g) * c], qkv[:, (h + g) * c:]
        else:
            q, k, v = (self.linear(f"{prefix}self_attn.{p}_proj", x) for p in "qkv")
        q, k, v = q.reshape(t, h, c), k.reshape(t, g, c), v.reshape(t, g, c)
        if self.traits["head_norms"]:
            q, k = self.norm(prefix + "self_attn.q_norm", q), self.norm(prefix + "self_attn.k_norm", k)
        q, k = rotate(q, layer), rotate(k, layer)
        place = torch.arange(t)
        distance = place[:, None] - place[None, :]
        hidden = (distance < 0) | (distance >= layer["window"])
        outs = []
        for head in range(h):
            score = self.traits["scale"] * q[:, head] @ k[:, head // (h // g)].T
            if self.traits["score_cap"]:
                score = self.traits["score_cap"] * torch.tanh(score / self.traits["score_cap"])
            outs.append(torch.softmax(score.masked_fill(hidden, -math.inf), -1) @ v[:, head // (h // g)])
        return self.linear(prefix + "self_attn.o_proj", torch.cat(outs, -1))

    def feed_forward(self, prefix, x):
        if self.traits["fused"]:
            gate, up = self.linear(prefix + "mlp.gate_up_proj", x).chunk(2, -1)
        else:
            gate, up = self.linear(prefix + "mlp.gate_proj", x), self.linear(prefix + "mlp.up_proj", x)
        if self.traits["gemma"]:
            cubic = math.sqrt(2 / math.pi) * (gate + 0.044715 * gate**3)
            active = 0.5 * gate * (1 + torch.tanh(cubic))
        else:
            active = gate * torch.sigmoid(gate)
        return self.linear(prefix + "mlp.down_proj", active * up)

    def loss(self, ids, labels):
        x = self.weights["model.embed_tokens.weight"][torch.tensor(ids)]
        gemma = self.traits["gemma"]
        x = x * math.sqrt(self.config["hidden_size"]) if gemma else x
        for number in range(self.config["num_hidden_layers"]):
            layer = layer_traits(self.config, number, len(ids))
            prefix = f"model.layers.{number}."
            branch = self.attention(prefix, layer, self.norm(prefix + "input_layernorm", x))
            x = x + (self.norm(prefix + "post_attention_layernorm", branch) if gemma else branch)
            before = "pre_feedforward_layernorm" if gemma else "post_attention_layernorm"
            branch = self.feed_forward(prefix, self.norm(prefix + before, x))
            x = x + (self.norm(prefix + "post_feedforward_layernorm", branch) if gemma else branch)
        tied = self.config["tie_word_embeddings"]
        head = self.weights["model.embed_tokens.weight" if tied else "lm_head.weight"]
        logits = self.norm("model.norm", x) @ head.T
        if self.traits["logit_cap"]:
            logits = self.traits["logit_cap"] * torch.tanh(logits / self.traits["logit_cap"])
        losses = [torch.logsumexp(logits[i - 1], 0) - logits[i - 1, ids[i]]
                  for i in range(1, len(ids)) if labels[i] != -100]
        return sum(losses) / len(losses)


def last_value_norm(config, gradients):
    """Of B of the last v_proj; in a fused model, of its rows in qkv_proj's B."""
    module = f"model.layers.{config['num_hidden_layers'] - 1}.self_attn."
    if not traits(config)["fused"]:
        name = module + "v_proj.lora_B"
        return gradients[name].norm().item() if name in gradients else None
    rows = config["num_key_value_heads"] * traits(config)["head"]
    return gradients[module + "qkv_proj.lora_B"][-rows:].norm().item()


def expected(config, weights, lora, scale, samples):
    weights = {name: value.double() for name, value in weights.items()}
    result = []
    for sample in samples:
        phi = {name: value.double().requires_grad_() for name, value in lora.items()}
        ids = sample["input_ids"]
        loss = Model(config, weights, phi, scale).loss(ids, sample.get("labels", ids))
        loss.backward()
        gradients = {name: value.grad for name, value in phi.items()}
        norm_by_tensor = {name: gradient.norm().item() for name, gradient in gradients.items()}
        result.append({"loss": loss.item(), "effort_last_v_lora_B": last_value_norm(config, gradients),
                       "effort_all_lora": math.sqrt(sum(n * n for n in norm_by_tensor.values())),
                       "norm_by_tensor": norm_by_tensor})
    return result


def make(root, name, seed, config, dtype, adapter, fresh_seed=None):
    folder = root / name
    (folder / "adapter").mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    weights = base_weights(config, dtype, generator)
    lora = adapter_weights(config, adapter, generator)
    samples = base.draw_samples(config, generator)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "adapter/adapter_config.json").write_text(json.dumps(adapter, indent=1) + "\n")
    base.write_safetensors(folder / "model.safetensors", weights, dtype)
    peft = {f"base_model.model.{key}.weight": value for key, value in lora.items()}
    base.write_safetensors(folder / "adapter/adapter_model.safetensors", peft, "F32")
    truth = {"samples": expected(config, weights, lora, lambda module: size(adapter, module)[1], samples)}
    if fresh_seed is not None:
        truth["fresh_seed"] = fresh_seed
        truth["fresh"] = expected(config, weights, fresh_adapter(config, fresh_seed), lambda module: 2.0, samples)
    (folder / "samples.jsonl").write_text("".join(json.dumps(s) + "\n" for s in samples))
    (folder / "expected.json").write_text(json.dumps(truth, indent=1) + "\n")


def family(name, kind, **fields):
    common = {"architectures": [name], "model_type": kind, "rms_norm_eps": 2.0**-17,
              "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2}
    return {**common, **fields}


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else base.FOLDER
    every = [name.split(".")[1] for name in base.LINEARS]
    # Widths and ranks whose roots and scales are binary fractions: float32 arguments are then exact.
    make(root, "llama3-rope", 11, family(
        "LlamaForCausalLM", "llama", hidden_act="silu", vocab_size=43, hidden_size=16, intermediate_size=20,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True,
        rope_theta=500.0, rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                        "high_freq_factor": 4.0, "original_max_position_embeddings": 32}),
        "F32", base.lora(4, 8, ["q_proj", "v_proj", "down_proj"], rank_pattern={"v_proj": 2},
                         alpha_pattern={"layers.1.self_attn.q_proj": 6}))
    make(root, "llama-linear", 12, family(
        "LlamaForCausalLM", "llama", hidden_act="silu", vocab_size=37, hidden_size=8, intermediate_size=12,
        num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, tie_word_embeddings=False,
        rope_scaling={"type": "linear", "factor": 2.0}), "F16", base.lora(2, 4, ["q_proj", "v_proj"]))
    make(root, "llama-dynamic", 13, family(
        "LlamaForCausalLM", "llama", hidden_act="silu", vocab_size=37, hidden_size=8, intermediate_size=12,
        num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, tie_word_embeddings=False,
        rope_theta=100.0, rope_scaling={"type": "dynamic", "factor": 4.0}), "F32",
        base.lora(2, 4, ["q_proj", "v_proj"]))
    make(root, "mistral", 14, family(
        "MistralForCausalLM", "mistral", hidden_act="silu", vocab_size=41, hidden_size=12, intermediate_size=20,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16, sliding_window=5,
        tie_word_embeddings=False), "BF16", base.lora(2, 4, every))
    make(root, "qwen2-window", 15, family(
        "Qwen2ForCausalLM", "qwen2", hidden_act="silu", vocab_size=41, hidden_size=16, intermediate_size=12,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, use_sliding_window=True,
        sliding_window=6, max_window_layers=1, rope_theta=1000.0, tie_word_embeddings=True),
        "F32", base.lora(2, 4, ["k_proj", "v_proj"]))
    make(root, "qwen3", 16, family(
        "Qwen3ForCausalLM", "qwen3", hidden_act="silu", vocab_size=47, hidden_size=12, intermediate_size=16,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, attention_bias=False,
        use_sliding_window=False, sliding_window=None, max_window_layers=2, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 2000.0}), "F32", base.lora(2, 4, every))
    make(root, "gemma2", 17, family(
        "Gemma2ForCausalLM", "gemma2", hidden_activation="gelu_pytorch_tanh", vocab_size=45, hidden_size=16,
        intermediate_size=20, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
        query_pre_attn_scalar=16, sliding_window=4, attn_logit_softcapping=1.5, final_logit_softcapping=3.0,
        tie_word_embeddings=True, rope_theta=10000.0), "F32", base.lora(2, 4, every))
    make(root, "gemma3", 18, family(
        "Gemma3ForCausalLM", "gemma3_text", hidden_activation="gelu_pytorch_tanh", vocab_size=45, hidden_size=16,
        intermediate_size=12, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
        query_pre_attn_scalar=64, sliding_window=4, sliding_window_pattern=3, rope_theta=5000.0,
        rope_local_base_freq=100.0, rope_scaling={"rope_type": "linear", "factor": 8.0},
        attn_logit_softcapping=None, final_logit_softcapping=None, tie_word_embeddings=True), "BF16",
        base.lora(4, 8, every))
    short = [1.0, 1.25, 1.5, 3.0]
    make(root, "phi3", 19, family(
        "Phi3ForCausalLM", "phi3", hidden_act="silu", vocab_size=39, hidden_size=16, intermediate_size=12,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, sliding_window=7,
        partial_rotary_factor=0.5, original_max_position_embeddings=64, max_position_embeddings=256,
        rope_scaling={"type": "longrope", "short_factor": short, "long_factor": [2.0, 4.0, 8.0, 16.0]},
        tie_word_embeddings=False), "F32",
        base.lora(4, 8, ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]), fresh_seed=91)
    # Some samples are longer than the original context, one is just as long.
    make(root, "phi3-long", 20, family(
        "Phi3ForCausalLM", "phi3", hidden_act="silu", vocab_size=39, hidden_size=16, intermediate_size=12,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=8, sliding_window=13,
        original_max_position_embeddings=11, rope_theta=100.0,
        rope_scaling={"type": "longrope", "short_factor": short, "long_factor": [1.5, 2.0, 4.0, 5.0]},
        tie_word_embeddings=False), "F32", base.lora(4, 8, ["qkv_proj", "down_proj"]))


if __name__ == "__main__":
    main()
