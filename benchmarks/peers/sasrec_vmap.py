# SPDX-License-Identifier: Apache-2.0
"""Influence as torch.func suggests to compute it: the loss of one sample as a function of the weight, `vmap(grad)` over the
samples of a bucket, Hessian products by `grad` of `grad`, as `jvp(grad)` lacks layer_norm in some versions. Training and evaluation are the tuned program's, and not repeated."""
import sys

import numpy
import torch
from torch.nn import functional

import inputs
import serving
from sasrec_tuned import ITEMS, PRODUCT_POSITIONS, SCORING_POSITIONS, Model, Tuned

try:
    from torch.func import grad, grad_and_value, vmap
except ImportError:
    try:
        from functorch import grad, grad_and_value, vmap  # torch 1.13
    except ImportError:
        sys.exit(f"torch {torch.__version__} has no torch.func: install torch 2.0 or newer, or leave vmap out of --peers")


def product(loss, at, v):
    """Hessian of a loss, at a weight, times v."""
    return grad(lambda weight: (grad(loss)(weight) * v).sum())(at)


class Transformed(Tuned):
    def loss(self, weight, x, positives, negatives):
        """Mean loss of one sample; x, positives and negatives: its ids, 0 before its start."""
        model = Model({**self.weights, self.key + "weight": weight}, self.heads, 0)
        real = x > 0
        allowed = real[None, :] & model.triangle[: len(x), : len(x)]
        mask = ((~allowed).float() * -10000.0)[None, None]
        h = model.start(functional.embedding(x, self.weights[ITEMS])[None])
        for layer in range(model.layers):
            h = model.block(h, mask, layer)
        h = h[0]
        p = (functional.embedding(positives, self.weights[ITEMS]) * h).sum(-1)
        n = (functional.embedding(negatives, self.weights[ITEMS]) * h).sum(-1)
        return ((functional.softplus(-p) + functional.softplus(n)) * real).sum() / real.sum()

    def columns(self, bucket):
        bucket.to(self.device)
        return bucket.inputs, bucket.positives, bucket.negatives

    @property
    def weight(self):
        return self.weights[self.key + "weight"]

    def influence(self, q, out, limit=None):
        """Gradients of all samples of a bucket by vmap(grad)."""
        samples = self.data.scorable
        samples = samples[:: max(1, len(samples) // limit)][:limit] if limit else samples
        direction = torch.from_numpy(inputs.read_doubles(q)).float().to(self.device)
        each = vmap(grad_and_value(self.loss), in_dims=(None, 0, 0, 0))

        def work():
            rows = []
            for bucket in self.transitions.sorted_buckets(samples, SCORING_POSITIONS):
                gradients, losses = each(self.weight, *self.columns(bucket))
                gradients = gradients.flatten(1)
                rows.append((bucket.samples, torch.stack((gradients @ direction, losses, gradients.norm(dim=1)), 1)))
            return numpy.concatenate([numpy.column_stack([s, c.cpu().numpy()]) for s, c in rows])

        rows, seconds = serving.timed(work)
        inputs.write_doubles(out, rows)
        return {"seconds": seconds, "share": len(samples) / len(self.data.scorable)}

    def lissa(self, g, order, damping, scale, out, limit=None):
        """h <- g + (1 - damping / scale) h - H_s h / scale over single samples s; h / scale."""
        order = inputs.read_ids(order)
        count = min(limit or len(order), len(order))
        start = torch.from_numpy(inputs.read_doubles(g)).float().view(self.width, self.width).to(self.device)

        def work():
            h = start.clone()
            for sample in order[:count]:
                one = self.transitions.bucket(numpy.array([sample]), self.transitions.lengths[sample], None)
                ids = [column[0] for column in self.columns(one)]
                image = product(lambda weight: self.loss(weight, *ids), self.weight, h)
                h = start + (1 - damping / scale) * h - image / scale
            return h / scale

        q, seconds = serving.timed(work)
        inputs.write_doubles(out, q.double().flatten().cpu())
        return {"seconds": seconds, "share": count / len(order), "steps": count}

    def risk(self):
        """Gradient of the mean loss, and the product of its Hessian with a matrix, both summed in float64."""
        buckets = self.transitions.sorted_buckets(self.data.scorable, PRODUCT_POSITIONS)
        columns = [self.columns(bucket) for bucket in buckets]
        each = vmap(self.loss, in_dims=(None, 0, 0, 0))

        def loss(ids):
            return lambda weight: each(weight, *ids).sum()

        def mean(part):
            return sum(part(ids).double() for ids in columns) / len(self.data.scorable)

        at = self.weight
        return mean(lambda ids: grad(loss(ids))(at)), lambda v: mean(lambda ids: product(loss(ids), at, v.float()))


def main():
    options = serving.arguments()
    facts = serving.started(options)
    program = Transformed(options)
    serving.serve(facts, {name: getattr(program, name) for name in ("influence", "lissa", "cg")})


if __name__ == "__main__":
    main()
