# SPDX-License-Identifier: Apache-2.0
"""What both programs read: a data folder, surrogate weights, and plain little-endian arrays."""
import json
import struct

import numpy
import torch


class Rows:
    """Sequences of items, one a user, end to end: row r is items[offsets[r]:offsets[r + 1]]."""

    def __init__(self, offsets, items):
        self.offsets = offsets
        self.items = items
        self.lengths = numpy.diff(offsets)

    def __len__(self):
        return len(self.lengths)

    def row(self, r):
        return self.items[self.offsets[r] : self.offsets[r + 1]]


def read_rows(path):
    """Lines `user item item ...` without the user."""
    with open(path, encoding="utf-8") as lines:
        rows = [numpy.array(line.split()[1:], dtype=numpy.int64) for line in lines]
    offsets = numpy.zeros(len(rows) + 1, dtype=numpy.int64)
    numpy.cumsum([len(row) for row in rows], out=offsets[1:])
    return Rows(offsets, numpy.concatenate(rows))


class Data:
    """A data folder; `negatives` fixes one item a transition, for results that can be compared."""

    def __init__(self, folder, negatives):
        self.train = read_rows(folder + "/train.txt")
        self.valid = read_rows(folder + "/valid.txt")
        self.negatives = read_rows(negatives)
        with open(folder + "/items.tsv", encoding="utf-8") as lines:
            self.items = sum(1 for _ in lines)
        self.scorable = numpy.flatnonzero(self.train.lengths > 1)


def read_safetensors(path):
    """The float32 tensors of a file and its metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        content = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: {name} is {entry['dtype']}, F32 expected")
        first, end = entry["data_offsets"]
        values = numpy.frombuffer(content[first:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors, metadata


def read_doubles(path):
    return numpy.fromfile(path, dtype="<f8")


def read_ids(path):
    return numpy.fromfile(path, dtype="<i4").astype(numpy.int64)


def write_doubles(path, values):
    numpy.asarray(values, dtype="<f8").tofile(path)
