# SPDX-License-Identifier: Apache-2.0
"""make_llama.py FOLDER [options]: a LLaMA with seeded weights, and samples with a common prefix, to time effort scoring.

The defaults have 110 million parameters and 64 samples of 120 to 280 tokens, 200 on average, whose first 75 are common."""
import argparse
import json
import os
import struct

import numpy


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--inside", type=int, default=2048)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocabulary", type=int, default=32000)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--prefix", type=int, default=75)
    parser.add_argument("--dtype", choices=("F32", "BF16"), default="F32")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def shapes(args):
    d, i = args.hidden, args.inside
    yield "model.embed_tokens.weight", (args.vocabulary, d)
    for layer in range(args.layers):
        name = f"model.layers.{layer}."
        yield name + "input_layernorm.weight", (d,)
        for projection in "qkvo":
            yield f"{name}self_attn.{projection}_proj.weight", (d, d)
        yield name + "post_attention_layernorm.weight", (d,)
        yield name + "mlp.gate_proj.weight", (i, d)
        yield name + "mlp.up_proj.weight", (i, d)
        yield name + "mlp.down_proj.weight", (d, i)
    yield "model.norm.weight", (d,)


def stored(values, dtype):
    if dtype == "F32":
        return values.astype("<f4").tobytes()
    bits = values.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def write_tensors(path, dtype, tensors):
    """tensors: name, shape, function that gives the values; one is in memory at a time."""
    width = 4 if dtype == "F32" else 2
    header, offset = {}, 0
    for name, shape, _ in tensors:
        size = width * int(numpy.prod(shape))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, values in tensors:
            file.write(stored(values(), dtype))


def write_weights(args):
    random = numpy.random.default_rng(args.seed)

    def values(shape):
        if len(shape) == 1:
            return numpy.ones(shape, numpy.float32)
        return random.standard_normal(shape, numpy.float32) * numpy.float32(0.02)

    tensors = [(name, shape, lambda shape=shape: values(shape)) for name, shape in shapes(args)]
    write_tensors(os.path.join(args.folder, "model.safetensors"), args.dtype, tensors)


def write_adapter(args):
    """LoRA of rank 8 on q_proj and v_proj."""
    folder = os.path.join(args.folder, "adapter")
    os.makedirs(folder, exist_ok=True)
    config = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]}
    with open(os.path.join(folder, "adapter_config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    random = numpy.random.default_rng(args.seed + 2)
    tensors = []
    for layer in range(args.layers):
        for projection in "qv":
            name = f"base_model.model.model.layers.{layer}.self_attn.{projection}_proj.lora_"
            for part, shape in (("A", (8, args.hidden)), ("B", (args.hidden, 8))):
                draw = lambda shape=shape: random.standard_normal(shape, numpy.float32) * 0.02
                tensors.append((f"{name}{part}.weight", shape, draw))
    write_tensors(os.path.join(folder, "adapter_model.safetensors"), "F32", tensors)


def write_samples(args):
    random = numpy.random.default_rng(args.seed + 1)
    lengths = numpy.clip(numpy.round(random.normal(200, 35, args.samples)), 120, 280).astype(int)
    lengths += int(round(200 - lengths.mean()))
    common = random.integers(3, args.vocabulary, args.prefix)
    with open(os.path.join(args.folder, "samples.jsonl"), "w", encoding="utf-8") as file:
        for sample, length in enumerate(lengths):
            own = random.integers(3, args.vocabulary, length - args.prefix)
            own[0] = 3 + sample  # the common part ends here
            ids = [int(token) for token in numpy.concatenate([common, own])]
            file.write(json.dumps({"input_ids": ids, "labels": ids}) + "\n")


def main():
    args = arguments()
    os.makedirs(args.folder, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "vocab_size": args.vocabulary,
        "hidden_size": args.hidden,
        "intermediate_size": args.inside,
        "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads,
        "num_key_value_heads": args.heads,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
    }
    with open(os.path.join(args.folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    write_weights(args)
    write_adapter(args)
    write_samples(args)


main()
