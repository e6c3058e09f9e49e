# SPDX-License-Identifier: Apache-2.0
"""make_tokenizer.py DATA FOLDER: a byte-level BPE of 4,000 tokens, trained on the titles and the prompt of a data folder.

With more, each word of a title would become a token; so rare ones take several, as under a general vocabulary of 32,000.
Pieces are a run of letters, of digits or of other signs, with the blank before it. FOLDER gets tokenizer.json and
tokenizer_config.json. Ties between pairs go to the one whose first token, then second, is older: no chance anywhere."""
import collections
import heapq
import json
import os
import re
import sys

SIZE = 4000
SPECIAL = ["<unk>", "<s>", "</s>"]
PIECES = r" ?[A-Za-z]+| ?[0-9]+| ?[^ A-Za-z0-9\n]+|\n| "
TEMPLATE = (
    "Below is an instruction that describes a task, paired with an input that provides further context."
    " Write a response that appropriately completes the request. \n\n### Instruction:\n{}\n\n### Input:\n{}"
    "\n\n### Response:\n"
)


def byte_letters():
    """The letter that stands for each byte in vocabularies of byte-level BPE, as GPT-2 has them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain}
    letters.update({byte: chr(256 + i) for i, byte in enumerate(others)})
    return [letters[byte] for byte in range(256)]


LETTERS = byte_letters()


def read_titles(data):
    with open(f"{data}/items.tsv", encoding="utf-8") as lines:
        return {int(line.split("\t", 1)[0]): line.rstrip("\n").split("\t", 1)[1] for line in lines}


def read_prompt(data):
    with open(f"{data}/prompt.json", encoding="utf-8") as file:
        return json.load(file)


def count_pieces(data):
    """Every title once, as it stands in a history; the prompt's words as often as there are titles."""
    prompt, titles = read_prompt(data), read_titles(data)
    counts = collections.Counter()
    for title in titles.values():
        counts.update(re.findall(PIECES, prompt["separator"] + title))
    frame = TEMPLATE.format(prompt["instruction"], prompt["input"])
    for piece, count in collections.Counter(re.findall(PIECES, frame)).items():
        counts[piece] += count * len(titles)
    return counts


class Trainer:
    """Merges the most frequent pair of neighbours, again and again."""

    def __init__(self, counts):
        self.tokens = SPECIAL + LETTERS
        first = len(SPECIAL)
        self.words = [[first + byte for byte in piece.encode()] for piece in sorted(counts)]
        self.counts = [counts[piece] for piece in sorted(counts)]
        self.pairs, self.places = collections.Counter(), collections.defaultdict(set)
        for word in range(len(self.words)):
            self.add(word, 1)
        self.heap = [(-count, pair) for pair, count in self.pairs.items()]
        heapq.heapify(self.heap)

    def add(self, word, sign):
        tokens = self.words[word]
        for pair in zip(tokens, tokens[1:]):
            self.pairs[pair] += sign * self.counts[word]
            self.places[pair].add(word)

    def best(self):
        while self.heap:
            count, pair = heapq.heappop(self.heap)
            if -count == self.pairs[pair] and count < 0:
                return pair
        return None

    def merge(self, pair):
        new = len(self.tokens)
        self.tokens.append(self.tokens[pair[0]] + self.tokens[pair[1]])
        changed = set()
        for word in sorted(self.places.pop(pair)):
            tokens = self.words[word]
            changed.update(zip(tokens, tokens[1:]))
            self.add(word, -1)
            self.words[word] = merged(tokens, pair, new)
            changed.update(zip(self.words[word], self.words[word][1:]))
            self.add(word, 1)
        for other in changed:
            heapq.heappush(self.heap, (-self.pairs[other], other))

    def train(self):
        merges = []
        pair = self.best()
        while pair and len(self.tokens) < SIZE:
            merges.append(f"{self.tokens[pair[0]]} {self.tokens[pair[1]]}")
            self.merge(pair)
            pair = self.best()
        return merges


def merged(tokens, pair, new):
    out, i = [], 0
    while i < len(tokens):
        both = i + 1 < len(tokens) and (tokens[i], tokens[i + 1]) == pair
        out.append(new if both else tokens[i])
        i += 2 if both else 1
    return out


def write(folder, tokens, merges):
    split = {"type": "Split", "pattern": {"Regex": PIECES}, "behavior": "Isolated", "invert": False}
    bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    begin = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    text, pair = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    named = {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": token, **flags} for i, token in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_only]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [begin, text],
            "pair": [text, pair],
            "special_tokens": named,
        },
        "decoder": bytes_only,
        "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": merges},
    }
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(content, file)
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": True}, file)


def main():
    data, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    trainer = Trainer(count_pieces(data))
    merges = trainer.train()
    write(folder, trainer.tokens, merges)
    print(f"{len(trainer.tokens)} tokens")


if __name__ == "__main__":
    main()
