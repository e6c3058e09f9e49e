# SPDX-License-Identifier: Apache-2.0
"""SASRec and its influence scores as published code computes them: sequences padded to 50, a Python data set, batches of
500, one backward pass a sample, LiSSA by double backward, a [users, items] matrix of scores for the evaluation."""
import math
import random

import numpy
import torch
from torch import nn
from torch.nn import functional

import inputs
import serving

BATCH = 500
EVALUATION_BATCH = 500
CUTOFFS = (5, 10, 20, 50)


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.dense = (nn.Linear(width, width) for _ in range(4))
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)
        self.drop_probabilities, self.drop_output = nn.Dropout(dropout), nn.Dropout(dropout)

    def split(self, x):
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask
        context = self.drop_probabilities(torch.softmax(scores, -1)) @ v
        context = context.permute(0, 2, 1, 3).reshape(x.shape)
        return self.LayerNorm(self.drop_output(self.dense(context)) + x)


class Intermediate(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.conv1d_1, self.conv1d_2 = nn.Conv1d(width, width, 1), nn.Conv1d(width, width, 1)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        hidden = x
        for layer in (self.conv1d_1, self.conv1d_2):  # convolutions of length 1, as the products that they are
            hidden = torch.relu(functional.linear(hidden, layer.weight.squeeze(-1), layer.bias))
        return self.LayerNorm(self.drop(hidden) + x)


class Block(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.intermediate = Intermediate(width, dropout)

    def forward(self, x, mask):
        return self.intermediate(self.attention(x, mask))


class Encoder(nn.Module):
    def __init__(self, layers, *block):
        super().__init__()
        self.layer = nn.ModuleList(Block(*block) for _ in range(layers))


class SasRec(nn.Module):
    """Tensor names are those of the file."""

    def __init__(self, items, max_len, width, layers, heads, dropout):
        super().__init__()
        self.max_len = max_len
        self.register_buffer("future", torch.ones(max_len, max_len, dtype=torch.bool).triu(1), persistent=False)
        self.item_embeddings = nn.Embedding(items + 1, width, padding_idx=0)
        self.position_embeddings = nn.Embedding(max_len, width)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(dropout)
        self.item_encoder = Encoder(layers, width, heads, dropout)
        self.apply(self.initialise)

    @staticmethod
    def initialise(module):
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Embedding)):
            module.weight.data.normal_(0, 0.02)
        if isinstance(module, (nn.Linear, nn.Conv1d)):
            module.bias.data.zero_()
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            module.weight.data[module.padding_idx].zero_()

    def forward(self, x):
        mask = ((x == 0)[:, None, None, :] | self.future).float() * -10000.0
        h = self.item_embeddings(x) + self.position_embeddings.weight
        h = self.drop(self.LayerNorm(h))
        for block in self.item_encoder.layer:
            h = block(h, mask)
        return h

    def loss(self, x, positives, negatives):
        """Mean over the real positions."""
        h = self(x)
        p = (self.item_embeddings(positives) * h).sum(-1)
        n = (self.item_embeddings(negatives) * h).sum(-1)
        real = (positives > 0).float()
        losses = functional.softplus(-p) + functional.softplus(n)
        return (losses * real).sum() / real.sum()


class TrainingSet(torch.utils.data.Dataset):
    """Padded inputs, positives and negatives of a user."""

    def __init__(self, data, max_len, fixed):
        self.max_len = max_len
        self.items = data.items
        self.sequences = [data.train.row(u).tolist() for u in range(len(data.train))]
        self.fixed = [data.negatives.row(u).tolist() for u in range(len(data.train))] if fixed else None
        self.users = data.scorable

    def __len__(self):
        return len(self.users)

    def __getitem__(self, index):
        return self.sample(self.users[index])

    def drawn(self, sequence):
        chosen = set(sequence)
        negatives = []
        for _ in sequence[1:]:
            item = int(random.random() * self.items) + 1
            while item in chosen:
                item = int(random.random() * self.items) + 1
            negatives.append(item)
        return negatives

    def sample(self, user):
        sequence = self.sequences[user]
        negatives = self.fixed[user] if self.fixed else self.drawn(sequence)
        padding = [0] * max(0, self.max_len + 1 - len(sequence))
        columns = (sequence[:-1], sequence[1:], negatives)
        return [padding + column[-self.max_len :] for column in columns]


def collate(samples):
    return [torch.tensor(column) for column in zip(*samples)]


class Published:
    def __init__(self, options):
        self.device = options.device
        self.data = inputs.Data(options.data, options.negatives)
        self.weights, metadata = inputs.read_safetensors(options.surrogate)
        max_len, width = self.weights["position_embeddings.weight"].shape
        layers = sum(name.endswith("query.weight") for name in self.weights)
        self.shape = (self.data.items, max_len, width, layers, int(metadata["num_attention_heads"]))
        self.drawn, self.fixed = (TrainingSet(self.data, max_len, f) for f in (False, True))
        self.trained = SasRec(*self.shape, 0.5).to(self.device)
        self.optimizer = torch.optim.Adam(self.trained.parameters(), 1e-3)
        self.scored = self.loaded(0.5).eval()
        self.key = self.scored.item_encoder.layer[-1].attention.dense.weight
        random.seed(options.seed)

    def loaded(self, dropout):
        model = SasRec(*self.shape, dropout)
        model.load_state_dict(self.weights)
        return model.to(self.device)

    def step(self, model, optimizer, batch):
        batch = [column.to(self.device) for column in batch]
        optimizer.zero_grad()
        loss = model.loss(*batch)
        loss.backward()
        optimizer.step()
        return loss.item(), int((batch[1] > 0).sum())

    def epoch(self, limit=None):
        """One pass in random order with drawn negatives, or its first batches."""
        self.trained.train()
        batches = math.ceil(len(self.drawn) / BATCH)
        count = min(limit or batches, batches)

        def work():
            loader = torch.utils.data.DataLoader(self.drawn, BATCH, shuffle=True, collate_fn=collate)
            return [self.step(self.trained, self.optimizer, b) for _, b in zip(range(count), loader)]

        steps, seconds = serving.timed(work)
        loss = sum(loss * n for loss, n in steps) / sum(n for _, n in steps)
        return {"seconds": seconds, "share": count / batches, "loss": loss}

    def replay(self, order, epochs):
        """Losses of epochs from the file's weights in a given order with fixed negatives, without dropout."""
        model = self.loaded(0.0).train()
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        losses = []
        for users in inputs.read_ids(order).reshape(epochs, -1):
            batches = [users[i : i + BATCH] for i in range(0, len(users), BATCH)]
            steps = [self.step(model, optimizer, collate([self.fixed.sample(u) for u in b])) for b in batches]
            losses.append(sum(loss * n for loss, n in steps) / sum(n for _, n in steps))
        return {"losses": losses}

    def one(self, user):
        return [column.to(self.device) for column in collate([self.fixed.sample(user)])]

    def influence(self, q, out, limit=None):
        """Gradient of each sample's loss, one backward pass each, and its product with q."""
        users = self.data.scorable
        users = users[:: max(1, len(users) // limit)][:limit] if limit else users
        direction = torch.from_numpy(inputs.read_doubles(q)).float().to(self.device).view_as(self.key)

        def work():
            rows = []
            for user in users:
                loss = self.scored.loss(*self.one(user))
                (gradient,) = torch.autograd.grad(loss, self.key)
                rows.append((user, (gradient * direction).sum().item(), loss.item(), gradient.norm().item()))
            return rows

        rows, seconds = serving.timed(work)
        inputs.write_doubles(out, rows)
        return {"seconds": seconds, "share": len(users) / len(self.data.scorable)}

    def lissa(self, g, order, damping, scale, out, limit=None):
        """h <- g + (1 - damping / scale) h - H_s h / scale over single samples s; h / scale."""
        users = inputs.read_ids(order)
        count = min(limit or len(users), len(users))
        start = torch.from_numpy(inputs.read_doubles(g)).float().to(self.device).view_as(self.key)

        def work():
            h = start.clone()
            for user in users[:count]:
                (gradient,) = torch.autograd.grad(self.scored.loss(*self.one(user)), self.key, create_graph=True)
                (product,) = torch.autograd.grad((gradient * h).sum(), self.key)
                h = start + (1 - damping / scale) * h - product / scale
            return h / scale

        q, seconds = serving.timed(work)
        inputs.write_doubles(out, q.double().flatten().cpu())
        return {"seconds": seconds, "share": count / len(users), "steps": count}

    def evaluate(self, limit=None):
        """Ranks all items for every user, answers or not; metrics of those with answers."""
        train, valid = self.data.train, self.data.valid
        batches = math.ceil(len(train) / EVALUATION_BATCH)
        count = min(limit or batches, batches)

        def work():
            sums = numpy.zeros((2, len(CUTOFFS)))
            judged = 0
            for first in range(0, count * EVALUATION_BATCH, EVALUATION_BATCH):
                users = range(first, min(first + EVALUATION_BATCH, len(train)))
                for user, ranked in zip(users, self.ranked(users)):
                    answers = set(valid.row(user).tolist())
                    if answers:
                        sums += judgement(ranked.tolist(), answers)
                        judged += 1
            return sums / max(1, judged), judged

        (means, judged), seconds = serving.timed(work)
        answer = {"seconds": seconds, "share": count / batches, "users": judged}
        return {**answer, "recall": means[0].tolist(), "ndcg": means[1].tolist()}

    def ranked(self, users):
        """The best items of some users, best first."""
        train = self.data.train
        max_len = self.scored.max_len
        padded = numpy.zeros((len(users), max_len), dtype=numpy.int64)
        for row, user in enumerate(users):
            history = train.row(user)[-max_len:]
            padded[row, max_len - len(history) :] = history
        with torch.no_grad():
            last = self.scored(torch.from_numpy(padded).to(self.device))[:, -1]
            scores = (last @ self.scored.item_embeddings.weight.T).cpu().numpy()
        scores[:, 0] = -numpy.inf
        for row, user in enumerate(users):
            scores[row, train.row(user)] = -numpy.inf
        best = numpy.argpartition(scores, -CUTOFFS[-1], axis=1)[:, -CUTOFFS[-1] :]
        order = numpy.argsort(-numpy.take_along_axis(scores, best, 1), axis=1)
        return numpy.take_along_axis(best, order, 1)


def judgement(ranked, answers):
    """Recall and NDCG of one user at each cutoff."""
    recall, ndcg = [], []
    for cutoff in CUTOFFS:
        gains = [1 / math.log2(rank + 2) for rank, item in enumerate(ranked[:cutoff]) if item in answers]
        ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(answers), cutoff)))
        recall.append(len(gains) / len(answers))
        ndcg.append(sum(gains) / ideal)
    return numpy.array([recall, ndcg])


def main():
    options = serving.arguments()
    facts = serving.started(options)
    program = Published(options)
    names = ("epoch", "replay", "influence", "lissa", "evaluate")
    serving.serve(facts, {name: getattr(program, name) for name in names})


if __name__ == "__main__":
    main()
