# SPDX-License-Identifier: Apache-2.0
"""Scores the prompts of a data folder's first users with a seeded LLaMA of 110 million parameters, and compares some of
the scores with those of PyTorch on tokens that this program made from the same text. Exits with 1 if they differ."""
import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile

import make_tokenizer
from compare import TOLERANCE, held, peer, require_pytorch

CUTOFF = 512


def arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/llm/prompts.sh", description=__doc__)
    parser.add_argument("data", help="data folder with prompt.json")
    parser.add_argument("--root", help=argparse.SUPPRESS)
    parser.add_argument("--users", type=int, default=500, help="(%(default)s)")
    parser.add_argument("--compared", type=int, default=16, help="samples that PyTorch scores as well (%(default)s)")
    parser.add_argument("--python", default="/usr/bin/python3", help="with PyTorch (%(default)s)")
    parser.add_argument("--options", default="", help="of make_llama.py, e.g. '--layers 2'")
    parser.add_argument("--while-timing", default="", help="command that holds the machine for one run at a time")
    return parser.parse_args()


def first_users(args, folder):
    os.makedirs(folder)
    for name in ("train.txt", "valid.txt", "test.txt"):
        with open(f"{args.data}/{name}", encoding="utf-8") as lines:
            first = list(itertools.islice(lines, args.users))
        with open(f"{folder}/{name}", "w", encoding="utf-8") as out:
            out.writelines(first)
    for name in ("items.tsv", "prompt.json"):
        os.symlink(os.path.abspath(f"{args.data}/{name}"), f"{folder}/{name}")


class Encoder:
    """Byte-level BPE by the list of merges."""

    def __init__(self, folder):
        with open(f"{folder}/tokenizer.json", encoding="utf-8") as file:
            model = json.load(file)["model"]
        self.ids = model["vocab"]
        self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(model["merges"])}

    def encode(self, text):
        ids = [self.ids["<s>"]]
        for piece in re.findall(make_tokenizer.PIECES, text):
            word = [make_tokenizer.LETTERS[byte] for byte in piece.encode()]
            while len(word) > 1:
                pair = min(zip(word, word[1:]), key=lambda two: self.ranks.get(two, sys.maxsize))
                if pair not in self.ranks:
                    break
                word = make_tokenizer.merged(word, pair, pair[0] + pair[1])
            ids += [self.ids[token] for token in word]
        return ids + [self.ids["</s>"]]


def prompts(data):
    """Sample and text of each user with a history."""
    titles, prompt = make_tokenizer.read_titles(data), make_tokenizer.read_prompt(data)
    with open(f"{data}/train.txt", encoding="utf-8") as lines:
        for sample, line in enumerate(lines):
            items = [titles[int(item)] for item in line.split()[1:]]
            if len(items) > 1:
                told = prompt["input"].replace("{history}", prompt["separator"].join(items[:-1]))
                yield sample, make_tokenizer.TEMPLATE.format(prompt["instruction"], told) + items[-1]


def compared_samples(args, data, folder):
    """Writes tokens of samples that need no cutting beside links to the model; their numbers."""
    encoder, samples = Encoder(f"{folder}/llm"), []
    os.makedirs(f"{folder}/peer")
    for name in ("config.json", "model.safetensors", "adapter"):
        os.symlink(f"{folder}/llm/{name}", f"{folder}/peer/{name}")
    with open(f"{folder}/peer/samples.jsonl", "w", encoding="utf-8") as file:
        for sample, text in prompts(data):
            ids = encoder.encode(text)
            if len(ids) <= CUTOFF and len(samples) < args.compared:
                samples.append((sample, len(ids)))
                file.write(json.dumps({"input_ids": ids}) + "\n")
    return samples


def main():
    args = arguments()
    require_pytorch(args)
    with tempfile.TemporaryDirectory(prefix="coppice-llm") as folder:
        data, llm, out = f"{folder}/data", f"{folder}/llm", f"{folder}/effort.csv"
        first_users(args, data)
        make = f"{args.root}/benchmarks/llm/make_"
        subprocess.run([args.python, make + "llama.py", llm, *args.options.split()], check=True)
        subprocess.run([args.python, make + "tokenizer.py", args.data, llm], check=True)
        command = [f"{args.root}/bin/coppice", "score", "effort", "--data", data, "--llm", llm, "--json", "--out", out]
        command += ["--adapter", f"{llm}/adapter", "--cutoff", str(CUTOFF), "--threads", "2", "--backend", "cpu"]
        facts = json.loads(held(args, command).splitlines()[-1])
        samples = compared_samples(args, data, folder)
        _, truth, _ = peer(args, f"{folder}/peer", folder, "tuned", len(samples))
        with open(out, encoding="utf-8") as file:
            rows = {int(line.split(",")[0]): line.split(",") for line in list(file)[1:]}
    worst, count = 0.0, len(samples)
    for i, (sample, tokens) in enumerate(samples):
        _, effort, loss, counted = rows[sample]
        same = int(counted) == tokens
        for mine, theirs in ((effort, truth[i]), (loss, truth[count + i])):
            error = abs(float(mine) - theirs) / abs(theirs) if same else float("inf")
            worst = error if not error <= worst else worst  # NaN stays
    print(
        f"{facts['scored']} prompts, {facts['tokens']:,} tokens scored, {facts['tokens_computed']:,} computed"
        f" (first {facts['shared_prefix']} shared): {facts['tokens'] / facts['seconds']:.0f} tokens/s,"
        f" {facts['seconds']:.1f} s (planned {facts['seconds_planned']:.1f});"
        f" {count} scores compared, largest relative difference {worst:.1e}"
    )
    return 0 if count > 0 and worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
