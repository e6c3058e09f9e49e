# SPDX-License-Identifier: Apache-2.0
"""Times effort scores of a seeded LLaMA: this engine with and without sharing the common prefix, and PyTorch, tuned and as
published. Sides alternate; medians of tokens scored a second. Exits with 1 when scores disagree."""
import argparse
import array
import json
import os
import statistics
import subprocess
import sys
import tempfile

TOLERANCE = 1e-4  # of the largest score; float32 sums of both sides in another order


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--published", type=int, default=16, help="samples of the published loop")
    parser.add_argument("--python", default="/usr/bin/python3", help="with PyTorch")
    parser.add_argument("--model", help="keep the model in this folder; one that is there is used")
    parser.add_argument("--options", default="", help="of make_llama.py, e.g. '--layers 2'")
    parser.add_argument("--while-timing", default="", help="command that holds the machine")
    return parser.parse_args()


def ours(args, folder, prefix):
    out = os.path.join(folder, "ours.csv")
    command = [f"{args.root}/bin/coppice", "score", "effort", "--llm", folder, "--out", out]
    command += ["--samples", f"{folder}/samples.jsonl", "--adapter", f"{folder}/adapter"]
    command += ["--shared-prefix", prefix, "--threads", "2", "--backend", "cpu", "--json"]
    lines = held(args, command).splitlines()
    facts = json.loads(lines[-1])
    with open(out, encoding="utf-8") as file:
        rows = [line.split(",") for line in file][1:]
    scores = [float(row[1]) for row in rows] + [float(row[2]) for row in rows]
    return facts["tokens"] / facts["seconds"], scores, facts


def peer(args, folder, side, samples):
    out = os.path.join(folder, "peer.f64")
    program = f"{args.root}/benchmarks/peers/llama_effort.py"
    command = [args.python, program, folder, f"{folder}/adapter", out, side]
    facts = json.loads(held(args, command + ["--samples", str(samples)]).splitlines()[-1])
    scores = array.array("d")
    with open(out, "rb") as file:
        scores.frombytes(file.read())
    return facts["rate"], list(scores), facts


def held(args, command):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2")
    environment.update(MALLOC_TOP_PAD_="268435456", MALLOC_TRIM_THRESHOLD_="-1", MALLOC_MMAP_MAX_="0")
    return subprocess.run(
        args.while_timing.split() + command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def error(mine, theirs):
    count, half = len(theirs) // 2, len(mine) // 2
    worst = 0.0
    for first, other in ((0, 0), (half, count)):
        largest = max(abs(value) for value in theirs[other : other + count])
        for i in range(count):
            difference = abs(mine[first + i] - theirs[other + i]) / largest
            worst = difference if not difference <= worst else worst  # NaN stays
    return worst


def main():
    args = arguments()
    folder = args.model or tempfile.mkdtemp(prefix="coppice-llama")
    if not os.path.exists(f"{folder}/samples.jsonl"):
        make = [args.python, f"{args.root}/benchmarks/llm/make_llama.py", folder]
        subprocess.run(make + args.options.split(), check=True)
    sides = {
        "shared": lambda: ours(args, folder, "auto"),
        "tuned": lambda: peer(args, folder, "tuned", 1 << 30),
        "unshared": lambda: ours(args, folder, "off"),
        "published": lambda: peer(args, folder, "published", args.published),
    }
    rates, scores = {side: [] for side in sides}, {}
    for _ in range(args.pairs):
        for side, run in sides.items():
            rate, scores[side], facts = run()
            rates[side].append(rate)
            print(f"{side:10} {rate:8.0f} tokens/s  {json.dumps(facts)}", file=sys.stderr)
    medians = {side: statistics.median(values) for side, values in rates.items()}
    errors = {side: error(scores["shared"], scores[side]) for side in sides}
    for side in sides:
        print(
            f"{side:10} {medians[side]:8.0f} tokens/s   of shared {medians['shared'] / medians[side]:.2f}"
            f"   of unshared {medians['unshared'] / medians[side]:.2f}   error {errors[side]:.1e}"
        )
    print(json.dumps({"medians": medians, "rates": rates, "errors": errors}))
    return 0 if all(value <= TOLERANCE for value in errors.values()) else 1


sys.exit(main())
