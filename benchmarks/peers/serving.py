# SPDX-License-Identifier: Apache-2.0
"""The conversation with a benchmark: a request a line on stdin, an answer a line on stdout, both JSON.

A request names a task; the other entries are its arguments. An answer holds the seconds of the work and the share of the
whole that was done in them (1 unless a limit was given), beside the task's own results."""
import argparse
import json
import os
import sys
import time

import torch


def blas():
    """The library that matrix products run in, by the files mapped into this process."""
    torch.ones(8, 8) @ torch.ones(8, 8)
    with open("/proc/self/maps", encoding="utf-8") as lines:
        files = {line.split()[-1] for line in lines if "/" in line}
    for name in ("mkl_rt", "openblas", "blis", "blas"):
        found = sorted(file for file in files if name in os.path.basename(file) or name in file)
        if found:
            return name, found[0]
    return "unknown", ""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data folder")
    parser.add_argument("--negatives", required=True, help="negatives.txt of that folder")
    parser.add_argument("--surrogate", required=True, help="weights that are scored and evaluated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for the first GPU")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--allow-slow-blas", action="store_true")
    return parser.parse_args()


def started(options):
    """Sets threads and seed, and refuses a BLAS that would make the comparison unfair, or a device that is not there."""
    if options.device != "cpu" and not torch.cuda.is_available():
        sys.exit(f"--device {options.device}: torch {torch.__version__} finds no GPU; install a torch with CUDA for this driver")
    name, file = blas()
    if name in ("blas", "unknown") and not options.allow_slow_blas:
        sys.exit(
            f"torch computes with {file or 'an unknown BLAS'}, which is several times slower than it could be; "
            "run benchmarks/peers/install.sh, or give --allow-slow-blas"
        )
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    facts = {"torch": torch.__version__, "blas": name, "threads": torch.get_num_threads(), "device": options.device}
    facts["threading"] = {name: value for name, value in os.environ.items() if name.startswith(("OMP", "GOMP", "OPENBLAS", "MKL"))}
    if options.device != "cpu":
        facts.update(gpu=torch.cuda.get_device_name(), cuda=torch.version.cuda)
        facts["tf32"] = torch.backends.cuda.matmul.allow_tf32  # off by default, as ours
    return facts


def finished():
    """Waits for what a GPU was given to do."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def timed(work):
    """Result of a call, and its seconds, until a GPU is done with it."""
    finished()
    start = time.perf_counter()
    result = work()
    finished()
    return result, time.perf_counter() - start


def serve(ready, tasks):
    """Answers requests until there are no more."""
    print(json.dumps({"ready": ready}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = tasks[request.pop("task")](**request)
        print(json.dumps(answer), flush=True)
