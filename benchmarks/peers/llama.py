# SPDX-License-Identifier: Apache-2.0
"""A LLaMA with LoRA on q_proj and v_proj in plain PyTorch, read from a folder in Hugging Face layout."""
import json
import math

import torch
from torch.nn import functional

import inputs

RANK, ALPHA = 8, 16


class Llama:
    def __init__(self, folder):
        with open(folder + "/config.json", encoding="utf-8") as file:
            self.config = json.load(file)
        self.weights, _ = inputs.read_safetensors(folder + "/model.safetensors")
        self.heads = self.config["num_attention_heads"]
        self.width = self.config["hidden_size"] // self.heads
        self.layers = self.config["num_hidden_layers"]
        pairs = torch.arange(self.width // 2, dtype=torch.float64)
        frequencies = self.config["rope_theta"] ** (-2 * pairs / self.width)
        angles = torch.outer(torch.arange(2048, dtype=torch.float64), frequencies)
        angles = torch.cat([angles, angles], dim=1)
        self.cos, self.sin = angles.cos().float(), angles.sin().float()
        self.lora = {}

    def read_adapter(self, folder):
        """A and B by module, of an adapter_model.safetensors."""
        tensors, _ = inputs.read_safetensors(folder + "/adapter_model.safetensors")
        for name, values in tensors.items():
            self.lora[name.replace("base_model.model.", "").replace(".weight", "")] = values

    def linear(self, module, x):
        y = functional.linear(x, self.weights[module + ".weight"])
        a = self.lora.get(module + ".lora_A")
        if a is None:
            return y
        low = functional.linear(x, a)
        return y + ALPHA / RANK * functional.linear(low, self.lora[module + ".lora_B"])

    def norm(self, name, x):
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.config["rms_norm_eps"])
        return x * scale * self.weights[name + ".weight"]

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, self.width).transpose(1, 2)

    def rotate(self, x):
        length = x.shape[2]
        half = torch.cat([-x[..., self.width // 2 :], x[..., : self.width // 2]], dim=-1)
        return x * self.cos[:length] + half * self.sin[:length]

    def attention(self, layer, x, value=None):
        """x (B,T,D); `value` takes the place of v_proj's output."""
        name = f"model.layers.{layer}.self_attn."
        q = self.rotate(self.split(self.linear(name + "q_proj", x)))
        k = self.rotate(self.split(self.linear(name + "k_proj", x)))
        v = self.split(self.linear(name + "v_proj", x) if value is None else value)
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.width)
        length = x.shape[1]
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        out = torch.matmul(scores.masked_fill_(future, -math.inf).softmax(-1), v)
        out = out.transpose(1, 2).reshape(x.shape)
        return self.linear(name + "o_proj", out)

    def layer(self, layer, x, value=None):
        name = f"model.layers.{layer}."
        normed = self.norm(name + "input_layernorm", x)
        x = x + self.attention(layer, normed, value)
        normed = self.norm(name + "post_attention_layernorm", x)
        gate = functional.silu(self.linear(name + "mlp.gate_proj", normed))
        return x + self.linear(name + "mlp.down_proj", gate * self.linear(name + "mlp.up_proj", normed))

    def embed(self, ids):
        return functional.embedding(ids, self.weights["model.embed_tokens.weight"])

    def unembed(self, states):
        return functional.linear(states, self.weights["model.embed_tokens.weight"])

    def logits(self, x):
        return self.unembed(self.norm("model.norm", x))


def read_samples(folder):
    with open(folder + "/samples.jsonl", encoding="utf-8") as lines:
        return [torch.tensor(json.loads(line)["input_ids"]) for line in lines]
