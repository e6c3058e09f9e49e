# SPDX-License-Identifier: Apache-2.0
"""Samples of similar length together, so that little padding is computed, and negatives drawn for all at once."""
import numpy
import torch


class Bucket:
    """Some samples, right-aligned in `length` columns: item ids, 0 where there is none, (B, length)."""

    def __init__(self, samples, inputs, positives, negatives):
        self.samples = samples
        self.inputs = torch.from_numpy(inputs)
        self.positives = torch.from_numpy(positives)
        self.negatives = torch.from_numpy(negatives)
        self.real = self.positives > 0
        self.counts = self.real.sum(1)

    def to(self, device):
        """Itself, with its tensors there."""
        for name in ("inputs", "positives", "negatives", "real", "counts"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    @property
    def shape(self):
        return self.inputs.shape


class Transitions:
    """The last transitions of each scorable sample."""

    def __init__(self, data, max_len):
        self.train = data.train
        self.items = data.items
        self.fixed = data.negatives
        owner = numpy.repeat(numpy.arange(len(data.train)), data.train.lengths)
        self.owner = owner
        self.chosen = numpy.sort(owner * (data.items + 1) + data.train.items)
        self.lengths = numpy.minimum(max_len, data.train.lengths - 1)  # -1 or 0: unscorable

    def drawn_negatives(self, random):
        """A negative for each training item, never one of its user's."""
        negatives = random.integers(1, self.items + 1, len(self.owner))
        open_ = numpy.arange(len(negatives))
        while len(open_):
            keys = self.owner[open_] * (self.items + 1) + negatives[open_]
            at = numpy.minimum(numpy.searchsorted(self.chosen, keys), len(self.chosen) - 1)
            open_ = open_[self.chosen[at] == keys]
            negatives[open_] = random.integers(1, self.items + 1, len(open_))
        return negatives

    def bucket(self, samples, length, negatives):
        """`negatives`: of each training item of a user but the last; None: the fixed ones."""
        end = self.train.offsets[samples + 1][:, None]
        back = numpy.arange(length, 0, -1)[None]
        real = back <= self.lengths[samples][:, None]
        at = numpy.where(real, end - back, 0)
        inputs = numpy.where(real, self.train.items[at - real], 0)
        positives = numpy.where(real, self.train.items[at], 0)
        if negatives is None:
            fixed_end = self.fixed.offsets[samples + 1][:, None]
            chosen = self.fixed.items[numpy.where(real, fixed_end - back, 0)]
        else:
            chosen = negatives[at]
        return Bucket(samples, inputs, positives, numpy.where(real, chosen, 0))

    def buckets(self, samples, negatives, bounds):
        """Samples cut by length; a bucket is as wide as its longest sample."""
        samples = samples[numpy.argsort(self.lengths[samples], kind="stable")]
        cuts = numpy.searchsorted(self.lengths[samples], bounds, side="right")
        parts = [part for part in numpy.split(samples, cuts) if len(part)]
        return [self.bucket(part, self.lengths[part[-1]], negatives) for part in parts]

    def sorted_buckets(self, samples, positions):
        """All samples by length, in buckets of about so many positions, with the fixed negatives."""
        samples = samples[numpy.argsort(self.lengths[samples], kind="stable")]
        filled = numpy.cumsum(self.lengths[samples]) // positions
        parts = numpy.split(samples, numpy.flatnonzero(numpy.diff(filled)) + 1)
        return [self.bucket(part, self.lengths[part[-1]], None) for part in parts]
