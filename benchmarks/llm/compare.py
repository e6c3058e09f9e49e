# SPDX-License-Identifier: Apache-2.0
"""Times effort scores of a seeded LLaMA: this engine with and without sharing the common prefix, and PyTorch, tuned and as
published. Sides alternate; medians of tokens scored a second. Exits with 1 when scores disagree."""
import argparse
import array
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile

TOLERANCE = 1e-5  # of the largest score; float32 sums of both sides in another order
ASKED = {("shared", "tuned"): 2, ("shared", "published"): 4, ("unshared", "tuned"): 1.25}
SMOKE = "--layers 2 --hidden 64 --inside 128 --heads 2 --vocabulary 512 --samples 8"
THREADS = "2"


def arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/llm/run.sh", description=__doc__)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    parser.add_argument("--commit", help=argparse.SUPPRESS)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--published", type=int, default=16, help="samples of the published loop (%(default)s)")
    parser.add_argument("--python", default="/usr/bin/python3", help="with PyTorch (%(default)s)")
    parser.add_argument("--model", help="keep the model in this folder; one that is there is used")
    parser.add_argument("--options", default="", help="of make_llama.py, e.g. '--layers 2'")
    parser.add_argument("--while-timing", default="", help="command that holds the machine for one run at a time")
    parser.add_argument("--results", help="folder for the file of results; none is written without it")
    parser.add_argument("--smoke", action="store_true", help="one round with a tiny model: does it all work?")
    args = parser.parse_args()
    if args.smoke:
        args.pairs, args.published, args.options = 1, 4, SMOKE
    return args


def ours(args, folder, work, prefix):
    out = os.path.join(work, "ours.csv")
    command = [f"{args.root}/bin/coppice", "score", "effort", "--llm", folder, "--out", out]
    command += ["--samples", f"{folder}/samples.jsonl", "--adapter", f"{folder}/adapter"]
    command += ["--shared-prefix", prefix, "--threads", THREADS, "--backend", "cpu", "--json", "--quiet"]
    facts = json.loads(held(args, command).splitlines()[-1])
    with open(out, encoding="utf-8") as file:
        rows = [line.split(",") for line in file][1:]
    scores = [float(row[1]) for row in rows] + [float(row[2]) for row in rows]
    return facts["tokens"] / facts["seconds"], scores, facts


def peer(args, folder, work, side, samples):
    out = os.path.join(work, "peer.f64")
    program = f"{args.root}/benchmarks/peers/llama_effort.py"
    command = [args.python, program, folder, f"{folder}/adapter", out, side]
    command += ["--samples", str(samples), "--threads", THREADS]
    facts = json.loads(held(args, command, peer_threading()).splitlines()[-1])
    scores = array.array("d")
    with open(out, "rb") as file:
        scores.frombytes(file.read())
    return facts["rate"], list(scores), facts


def peer_threading():
    """Products on all cores, and an allocator that gives nothing back: page faults took a tenth of the tuned time."""
    return {
        "OPENBLAS_NUM_THREADS": THREADS,
        "OMP_NUM_THREADS": THREADS,
        "MALLOC_TOP_PAD_": "268435456",
        "MALLOC_TRIM_THRESHOLD_": "-1",
        "MALLOC_MMAP_MAX_": "0",
    }


def held(args, command, environment=None):
    return subprocess.run(
        args.while_timing.split() + command,
        env=dict(os.environ, **(environment or {})),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def error(mine, theirs):
    """Of efforts and losses, against the largest; `theirs` may have the first samples only."""
    count, half = len(theirs) // 2, len(mine) // 2
    worst = 0.0
    for first, other in ((0, 0), (half, count)):
        largest = max(abs(value) for value in theirs[other : other + count])
        for i in range(count):
            difference = abs(mine[first + i] - theirs[other + i]) / largest
            worst = difference if not difference <= worst else worst  # NaN stays
    return worst


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    flags = re.search(r"^flags\s*:(.*)$", text, re.M)
    flags = flags.group(1).split() if flags else []
    isa = "avx512" if "avx512f" in flags else "avx2" if "avx2" in flags else "x86-64"
    cpu = re.search(r"^model name\s*:\s*(.*)$", text, re.M)
    system = f"{platform.system()} {platform.release()}"
    return {"cpu": cpu.group(1) if cpu else "", "isa": isa, "cores": os.cpu_count(), "system": system}


def command_line():
    """As it was given, but for what names folders of this machine and what run.sh adds."""
    kept, rest = [], iter(sys.argv[1:])
    for word in rest:
        if word in ("--root", "--commit", "--model", "--results", "--while-timing"):
            next(rest, None)
        else:
            kept.append(word)
    return " ".join(["benchmarks/llm/run.sh", *kept])


def write_results(args, facts):
    where = facts["machine"]
    name = re.sub("[^a-z0-9]+", "-", f"{where['cpu']}-{where['cores']}-{where['isa']}".lower())
    path = os.path.join(args.results, f"llm-{name}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
        file.write("\n")
    print(path)


def measured(args, folder, work):
    """Rates of all rounds, last scores and last facts of each side."""
    sides = {
        "shared": lambda: ours(args, folder, work, "auto"),
        "tuned": lambda: peer(args, folder, work, "tuned", 1 << 30),
        "unshared": lambda: ours(args, folder, work, "off"),
        "published": lambda: peer(args, folder, work, "published", args.published),
    }
    rates, scores, facts = {side: [] for side in sides}, {}, {}
    for _ in range(args.pairs):
        for side, run in sides.items():
            rate, scores[side], facts[side] = run()
            rates[side].append(rate)
            print(f"{side:10} {rate:8.0f} tokens/s", file=sys.stderr)
    return rates, scores, facts


def report(args, folder, work):
    rates, scores, facts = measured(args, folder, work)
    medians = {side: statistics.median(values) for side, values in rates.items()}
    errors = {side: error(scores["shared"], scores[side]) for side in rates}
    print("side       tokens/s   shared is   unshared is   largest difference of scores")
    for side, median in medians.items():
        print(
            f"{side:10} {median:8.0f} {medians['shared'] / median:10.2f}x"
            f" {medians['unshared'] / median:12.2f}x   {errors[side]:.1e}"
        )
    ratios = [
        {"ours": mine, "peer": theirs, "asked": asked, "ratio": medians[mine] / medians[theirs]}
        for (mine, theirs), asked in ASKED.items()
    ]
    if args.results:
        now = datetime.datetime.now(datetime.timezone.utc)
        about = {"date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "commit": args.commit, "command": command_line()}
        about.update(machine=machine(), threads=int(THREADS), exclusive=bool(args.while_timing))
        about.update(tokens=facts["shared"]["tokens"], tokens_computed=facts["shared"]["tokens_computed"])
        about.update(shared_prefix=facts["shared"]["shared_prefix"], torch=facts["tuned"]["torch"])
        about.update(tokens_per_second=medians, rounds=rates, ratios=ratios, errors=errors, bound=TOLERANCE)
        write_results(args, about)
    for side, value in errors.items():
        if not value <= TOLERANCE:
            print(f"WRONG: scores of {side} differ by {value:.1e}, more than {TOLERANCE:.0e}")
    return 0 if all(value <= TOLERANCE for value in errors.values()) else 1


def require_pytorch(args):
    if subprocess.run([args.python, "-c", "import numpy, torch"], stderr=subprocess.DEVNULL, check=False).returncode:
        print(f"{args.python} has no PyTorch; see benchmarks/peers/install.sh, or give --python", file=sys.stderr)
        sys.exit(4)


def main():
    args = arguments()
    require_pytorch(args)
    with tempfile.TemporaryDirectory(prefix="coppice-llm") as work:
        folder = args.model or f"{work}/model"
        if not os.path.exists(f"{folder}/samples.jsonl"):
            make = [args.python, f"{args.root}/benchmarks/llm/make_llama.py", folder]
            subprocess.run(make + args.options.split(), check=True)
        return report(args, folder, work)


if __name__ == "__main__":
    sys.exit(main())
