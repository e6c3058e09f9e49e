#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drops each barrier of the CUDA kernels in turn and says whether the tests on the emulated device notice.

  tools/mutate_kernels.py [--emulation plain|race] [--schedules 1,2,3] [FILE ...]

Files are those of cuda/ that have barriers, or the ones named. Each mutation is built and tested with the parity test of
its operation (for a shared header: of all operations that it is listed with), then undone. Exit code 1 if one survives.
Run it on a clean working tree, after a first `mvn test`.
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BARRIER = re.compile(r"__sync(threads|warp)\(\);")
TESTS = {
    "attention.cuh": "AttentionTest,AttentionJvpTest",
    "columns.cuh": "BiasTest,ResidualLayerNormTest",
    "dense_tail.cuh": "DenseTailTest",
    "grad_tile.cuh": "SegmentTest",
    "reduce.cuh": "CrossEntropyTest",
    "embedding_backward.cu": "EmbeddingTest",
    "item_topk.cu": "ItemTopKTest",
    "linear_grad_sqnorm.cu": "SegmentTest",
}


def noticed(test: str, emulation: str, schedules: str) -> bool:
    # A mutation that does not compile says nothing about the tests.
    subprocess.run(["cmake", "--build", "target/cmake", "--target", f"coppice_emulated_{emulation}"], cwd=ROOT,
                   capture_output=True, check=True)
    command = ["mvn", "-o", "-q", "test", f"-Dtest={test}", "-Dcoppice.require=emulated",
               f"-Dcoppice.emulation={emulation}", f"-Dcoppice.schedules={schedules}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulation", default="race")
    parser.add_argument("--schedules", default="1,2,3,4")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    files = options.files or [p for p in sorted((ROOT / "cuda").glob("*.cuh")) + sorted((ROOT / "cuda/ops").glob("*.cu"))
                              if BARRIER.search(p.read_text())]
    survivors = 0
    for path in files:
        path = path.resolve()
        text = path.read_text()
        for found in BARRIER.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            try:
                path.write_text(text[:found.start()] + ";" + text[found.end():])
                seen = noticed(TESTS[path.name], options.emulation, options.schedules)
            finally:
                path.write_text(text)
            survivors += not seen
            print(f"{path.name}:{line} {found.group()} dropped: {'noticed' if seen else 'SURVIVES'}", flush=True)
    print(f"{survivors} survivors")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
