# SPDX-License-Identifier: Apache-2.0
"""SASRec and its influence scores as a good PyTorch program computes them: samples in buckets by length, negatives drawn for
a whole epoch at once, one embedding lookup a step, gradients of all samples of a bucket by one batched product, Hessian
products by forward-over-reverse on the cached tail of the last block, top-k on the tensor of scores."""
import math

import numpy
import torch
from torch.nn import functional

import inputs
import serving
from buckets import Transitions
from tail import EPS, Tail

BATCH = 500
BOUNDS = (2, 4, 7, 12, 20, 32)  # largest transitions of each bucket of a training batch but the last
SCORING_POSITIONS = 2048
PRODUCT_POSITIONS = 8192
EVALUATION_BATCH = 512
CUTOFFS = (5, 10, 20, 50)
ITEMS = "item_embeddings.weight"


class Model:
    """Parameters by name, and the forward pass over a bucket."""

    def __init__(self, parameters, heads, dropout):
        self.parameters = parameters
        self.heads = heads
        self.dropout = dropout
        self.layers = sum(name.endswith("query.weight") for name in parameters)
        self.max_len = len(parameters["position_embeddings.weight"])
        self.device = parameters[ITEMS].device
        self.triangle = torch.ones(self.max_len, self.max_len, dtype=torch.bool, device=self.device).tril()

    def drop(self, x):
        """Dropout of a half, whose mask is a bit of each random byte: on a CPU `functional.dropout` draws elements one by
        one, on one thread, and took a quarter of a training step."""
        if self.dropout == 0:
            return x
        if x.is_cuda:
            return functional.dropout(x, self.dropout)  # one kernel
        assert self.dropout == 0.5
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_()
        kept = words.view(torch.uint8)[: x.numel()].bitwise_and_(1)
        return x * kept.view(x.shape).to(x.dtype).mul_(2)

    def norm(self, x, name):
        p = self.parameters
        return functional.layer_norm(x, x.shape[-1:], p[name + ".weight"], p[name + ".bias"], EPS)

    def linear(self, x, name):
        weight = self.parameters[name + ".weight"]
        return functional.linear(x, weight.squeeze(-1) if weight.dim() == 3 else weight, self.parameters[name + ".bias"])

    def start(self, embedded):
        positions = self.parameters["position_embeddings.weight"][self.max_len - embedded.shape[1] :]
        return self.drop(self.norm(embedded + positions, "LayerNorm"))

    def mask(self, real):
        length = real.shape[1]
        allowed = real[:, None, None, :] & self.triangle[:length, :length]
        return torch.zeros(allowed.shape, device=self.device).masked_fill_(~allowed, -10000.0)

    def context(self, h, mask, layer):
        """What the attention's output weight is applied to."""
        batch, length, width = h.shape
        name = f"item_encoder.layer.{layer}.attention."
        split = (batch, length, self.heads, width // self.heads)
        q, k, v = (self.linear(h, name + part).view(split).transpose(1, 2) for part in ("query", "key", "value"))
        scores = torch.matmul(q * (1 / math.sqrt(split[-1])), k.transpose(2, 3)) + mask
        context = torch.matmul(self.drop(torch.softmax(scores, -1)), v)
        return context.transpose(1, 2).reshape(h.shape)

    def block(self, h, mask, layer):
        name = f"item_encoder.layer.{layer}."
        dense = self.linear(self.context(h, mask, layer), name + "attention.dense")
        m = self.norm(self.drop(dense) + h, name + "attention.LayerNorm")
        f = torch.relu(self.linear(m, name + "intermediate.conv1d_1"))
        f = torch.relu(self.linear(f, name + "intermediate.conv1d_2"))
        return self.norm(self.drop(f) + m, name + "intermediate.LayerNorm")

    def hidden(self, embedded, real):
        h, mask = self.start(embedded), self.mask(real)
        for layer in range(self.layers):
            h = self.block(h, mask, layer)
        return h

    def loss(self, buckets):
        """Mean over the positions of all buckets; one lookup for all ids, whose gradient is formed once, and which go to
        the device at once. Nothing here waits for the device."""
        ids = torch.cat([column.reshape(-1) for b in buckets for column in (b.inputs, b.positives, b.negatives)])
        ids = ids.to(self.device, non_blocking=True)
        looked_up = functional.embedding(ids, self.parameters[ITEMS], padding_idx=0)
        total, positions, at = 0, 0, 0
        for bucket in buckets:
            size = bucket.inputs.numel()
            x, p, n = (part.view(*bucket.shape, -1) for part in looked_up[at : at + 3 * size].split(size))
            shown, real, _ = (part.view(bucket.shape) > 0 for part in ids[at : at + 3 * size].split(size))
            at += 3 * size
            h = self.hidden(x, shown)
            losses = functional.softplus(-(p * h).sum(-1)) + functional.softplus((n * h).sum(-1))
            total = total + (losses * real).sum()
            positions += int(bucket.counts.sum())
        return total / positions, positions


class Tuned:
    def __init__(self, options):
        self.device = options.device
        self.data = inputs.Data(options.data, options.negatives)
        weights, metadata = inputs.read_safetensors(options.surrogate)
        self.weights = {name: tensor.to(self.device) for name, tensor in weights.items()}
        self.heads = int(metadata["num_attention_heads"])
        self.scored = Model(self.weights, self.heads, 0)
        self.transitions = Transitions(self.data, self.scored.max_len)
        self.last = self.scored.layers - 1
        self.key = f"item_encoder.layer.{self.last}.attention.dense."
        self.width = self.weights[ITEMS].shape[1]
        self.random = numpy.random.default_rng(options.seed)
        self.trained, self.optimizer = self.trainable(self.initial(), 0.5)
        self.kept = None

    def initial(self):
        values = {}
        for name, tensor in self.weights.items():
            norm = name.endswith("LayerNorm.weight")
            values[name] = torch.full_like(tensor, 1.0 if norm else 0.0)
            if name.endswith(".weight") and not norm:
                values[name].normal_(0, 0.02)
        values[ITEMS][0] = 0
        return values

    def trainable(self, values, dropout):
        leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
        return Model(leaves, self.heads, dropout), torch.optim.Adam(leaves.values(), 1e-3, foreach=True)

    def step(self, model, optimizer, samples, negatives):
        optimizer.zero_grad(set_to_none=True)
        loss, positions = model.loss(self.transitions.buckets(samples, negatives, BOUNDS))
        loss.backward()
        optimizer.step()
        return loss.detach(), positions

    def passed(self, model, optimizer, order, negatives, limit=None):
        first = range(0, len(order), BATCH)[:limit]
        steps = [self.step(model, optimizer, order[i : i + BATCH], negatives) for i in first]
        return sum(loss.item() * n for loss, n in steps) / sum(n for _, n in steps)

    def epoch(self, limit=None):
        """One pass in random order with drawn negatives, or its first batches."""
        batches = math.ceil(len(self.data.scorable) / BATCH)

        def work():
            order = self.random.permutation(self.data.scorable)
            return self.passed(self.trained, self.optimizer, order, self.transitions.drawn_negatives(self.random), limit)

        loss, seconds = serving.timed(work)
        return {"seconds": seconds, "share": min(1, limit / batches) if limit else 1, "loss": loss}

    def replay(self, order, epochs):
        """Losses of epochs from the file's weights in a given order with fixed negatives, without dropout."""
        model, optimizer = self.trainable(self.weights, 0)
        orders = inputs.read_ids(order).reshape(epochs, -1)
        return {"losses": [self.passed(model, optimizer, order, None) for order in orders]}

    def tail(self, bucket):
        """The tail of a bucket's real positions, under each sample's own mean loss, and x and s as padded."""
        bucket.to(self.device)
        table = self.weights[ITEMS]
        mask = self.scored.mask(bucket.inputs > 0)
        h = self.scored.start(functional.embedding(bucket.inputs, table))
        for layer in range(self.last):
            h = self.scored.block(h, mask, layer)
        x = self.scored.context(h, mask, self.last)
        s = self.scored.linear(x, self.key[:-1]) + h
        real = bucket.real
        weights = (1.0 / bucket.counts)[:, None].expand(bucket.shape)[real]
        positive, negative = table[bucket.positives[real]], table[bucket.negatives[real]]
        return Tail(self.weights, self.last, x[real], s[real], positive, negative, weights), x

    def influence(self, q, out, limit=None):
        """Gradients of all samples of a bucket, delta^T x each by one batched product; their norms, and products with q."""
        samples = self.data.scorable
        samples = samples[:: max(1, len(samples) // limit)][:limit] if limit else samples
        direction = torch.from_numpy(inputs.read_doubles(q)).float().to(self.device)

        def work():
            rows = []
            with torch.no_grad():
                for bucket in self.transitions.sorted_buckets(samples, SCORING_POSITIONS):
                    tail, x = self.tail(bucket)
                    delta, losses = torch.zeros_like(x), torch.zeros(bucket.shape, device=self.device)
                    delta[bucket.real], losses[bucket.real] = tail.delta, tail.losses
                    gradients = torch.einsum("bto,bti->boi", delta, x).flatten(1)
                    columns = (gradients @ direction, losses.sum(1) / bucket.counts, gradients.norm(dim=1))
                    rows.append((bucket.samples, torch.stack(columns, 1)))
            return numpy.concatenate([numpy.column_stack([samples, c.cpu().numpy()]) for samples, c in rows])

        rows, seconds = serving.timed(work)
        inputs.write_doubles(out, rows)
        return {"seconds": seconds, "share": len(samples) / len(self.data.scorable)}

    def cache(self):
        """Tails of all samples, and where in them each sample lies; made by the first solve of a process."""
        if self.kept is None:
            with torch.no_grad():
                buckets = self.transitions.sorted_buckets(self.data.scorable, PRODUCT_POSITIONS)
                self.kept = [(bucket, self.tail(bucket)[0]) for bucket in buckets]
        return self.kept

    def lissa(self, g, order, damping, scale, out, limit=None):
        """h <- g + (1 - damping / scale) h - H_s h / scale over single samples s; h / scale."""
        order = inputs.read_ids(order)
        count = min(limit or len(order), len(order))
        start = torch.from_numpy(inputs.read_doubles(g)).float().view(self.width, self.width).to(self.device)
        self.cache()

        def work():
            place = {}
            for bucket, tail in self.kept:
                counts = bucket.counts.cpu().numpy()
                ends = numpy.cumsum(counts)
                firsts = ends - counts
                place.update((s, (tail, a, b)) for s, a, b in zip(bucket.samples.tolist(), firsts.tolist(), ends.tolist()))
            h = start.clone()
            with torch.no_grad():
                for sample in order[:count].tolist():
                    tail, first, end = place[sample]
                    product = tail.rows(first, end).product(h)
                    h = start + (1 - damping / scale) * h - product / scale
            return h / scale

        q, seconds = serving.timed(work)
        inputs.write_doubles(out, q.double().flatten().cpu())
        return {"seconds": seconds, "share": count / len(order), "steps": count}

    def risk(self):
        """Gradient of the mean loss, and the product of its Hessian with a matrix, both summed in float64."""
        self.cache()

        def mean(part):
            return sum(part(tail).double() for _, tail in self.kept) / len(self.data.scorable)

        return mean(lambda tail: tail.delta.T @ tail.x), lambda v: mean(lambda tail: tail.product(v.float()))

    def cg(self, damping, tolerance, out):
        """Conjugate gradients with products over all samples, from nothing: tails and mean gradient included."""
        self.kept = None

        def work():
            with torch.no_grad():
                g, product = self.risk()
                q, r, p, products = torch.zeros_like(g), g.clone(), g.clone(), 0
                while r.norm() > 0.5 * tolerance * g.norm():
                    image = product(p) + damping * p
                    step = r.square().sum() / (p * image).sum()
                    q, before = q + step * p, r.square().sum()
                    r = r - step * image
                    p = r + r.square().sum() / before * p
                    products += 1
                residual = product(q) + damping * q - g
                return q, (residual.norm() / g.norm()).item(), products

        (q, residual, products), seconds = serving.timed(work)
        inputs.write_doubles(out, q.flatten().cpu())
        return {"seconds": seconds, "share": 1, "residual": residual, "products": products}

    def evaluate(self, limit=None):
        """Ranks all items for the users who have answers."""
        train, valid = self.data.train, self.data.valid
        users = numpy.flatnonzero(valid.lengths)
        users = users[numpy.argsort(numpy.minimum(train.lengths[users], self.scored.max_len), kind="stable")]
        batches = math.ceil(len(users) / EVALUATION_BATCH)
        count = min(limit or batches, batches)

        def work():
            parts = [users[i * EVALUATION_BATCH : (i + 1) * EVALUATION_BATCH] for i in range(count)]
            sums = sum((self.judged(part) for part in parts), numpy.zeros((2, len(CUTOFFS))))
            judged = sum(len(part) for part in parts)
            return (sums / max(1, judged)).tolist(), judged

        (means, judged), seconds = serving.timed(work)
        return {"seconds": seconds, "share": count / max(1, batches), "users": judged, "recall": means[0], "ndcg": means[1]}

    def ranked(self, users):
        train = self.data.train
        lengths = train.lengths[users]
        width = min(self.scored.max_len, int(lengths.max()))
        back = numpy.arange(width, 0, -1)[None]
        real = back <= lengths[:, None]
        ids = numpy.where(real, train.items[numpy.where(real, train.offsets[users + 1][:, None] - back, 0)], 0)
        ids = torch.from_numpy(ids).to(self.device)
        with torch.no_grad():
            table = self.weights[ITEMS]
            last = self.scored.hidden(functional.embedding(ids, table), ids > 0)[:, -1]
            scores = last @ table.T
            rows = numpy.repeat(numpy.arange(len(users)), lengths)
            masked = numpy.concatenate([train.row(user) for user in users])
            scores[torch.from_numpy(rows).to(self.device), torch.from_numpy(masked).to(self.device)] = -math.inf
            scores[:, 0] = -math.inf
            return torch.topk(scores, CUTOFFS[-1]).indices.cpu().numpy()

    def judged(self, users):
        """Sums of recall and NDCG, (2, cutoffs)."""
        ranked, valid, size = self.ranked(users), self.data.valid, self.data.items + 1
        answers = [numpy.unique(valid.row(user)) for user in users]
        counts = numpy.array([len(a) for a in answers])
        keys = numpy.repeat(numpy.arange(len(users)), counts) * size + numpy.concatenate(answers)
        hits = numpy.isin(numpy.arange(len(users))[:, None] * size + ranked, keys)
        discounts = 1 / numpy.log2(numpy.arange(CUTOFFS[-1]) + 2)
        ideal = numpy.concatenate([[0], numpy.cumsum(discounts)])
        recall = [(hits[:, :k].sum(1) / counts).sum() for k in CUTOFFS]
        ndcg = [(hits[:, :k] @ discounts[:k] / ideal[numpy.minimum(counts, k)]).sum() for k in CUTOFFS]
        return numpy.array([recall, ndcg])


def main():
    options = serving.arguments()
    facts = serving.started(options)
    program = Tuned(options)
    names = ("epoch", "replay", "influence", "lissa", "cg", "evaluate")
    serving.serve(facts, {name: getattr(program, name) for name in names})


if __name__ == "__main__":
    main()
