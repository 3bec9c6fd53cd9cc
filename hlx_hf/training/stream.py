"""Generated examples without end: sentences nobody wrote down, drawn anew in every epoch."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from transformers import PreTrainedTokenizerBase

from ..contracts import PIPELINE, operation_of
from ..corpus.generator.selection import EVERYDAY, PLAIN_WORDING, QUESTIONS, TRAINING
from ..corpus.generator.sentences import SentenceGenerator
from ..corpus.generator.stream import CHUNK_SIZE
from ..corpus.generator.values import ValueGenerator
from ..corpus.splits import reserved_sentences
from ..corpus.tasks import ENGLISH_TASKS, TASKS, CorpusLine, Example
from ..formats.notations import get_notation
from ..lines_hlx import NOTATIONS
from .examples import Encoded, encode, group_by_length

MOST_STEPS = TRAINING.steps[1]  # of a pipeline in training


class ExampleMaker:
    """Makes a chunk of encoded examples from its number, in batches of like length.

    Args:
        task_weights: how often each task of `TASKS` is drawn, relative to the others.
        tokenizer: its `<bos>` and `<eos>` stand around every line.
        max_length: tokens that a model has positions for; what is longer is drawn again.
        batch_size: examples that stand together in a batch.
        seed: of the draws.
        everyday_share: how many of the sentences that are put into HLX are worded as most people ask.
        notations: of the lines, each as often as another.
        most_steps: of a pipeline that is put into HLX.
    """

    def __init__(
        self,
        task_weights: dict[str, float],
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        batch_size: int,
        seed: int = 0,
        everyday_share: float = 0.0,
        notations: Sequence[str] = NOTATIONS,
        most_steps: int = MOST_STEPS,
    ):
        self.task_weights = task_weights
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.batch_size = batch_size
        self.seed = seed
        self.everyday_share = everyday_share
        self.notations = notations
        self.most_steps = most_steps

    def __call__(self, number: int) -> Iterable[dict[str, list[int]]]:
        """The examples of chunk `number`."""
        seed = f"{self.seed} {number}"
        rng = random.Random(seed)
        excluded = reserved_sentences()
        steps = (TRAINING.steps[0], self.most_steps)
        sentences = SentenceGenerator(seed, replace(TRAINING, steps=steps), excluded)
        plain_sentences = SentenceGenerator(f"{seed} plain", PLAIN_WORDING, excluded)
        everyday = replace(EVERYDAY, steps=steps)
        everyday_sentences = SentenceGenerator(f"{seed} everyday", everyday, excluded) if self.everyday_share else None
        questions = SentenceGenerator(f"{seed} questions", QUESTIONS, excluded)
        values = ValueGenerator(f"{seed} values")

        def draw(task: str) -> tuple[Example, int]:
            if task == "to_hlx":
                is_everyday = self.everyday_share and rng.random() < self.everyday_share
                english, value = next(everyday_sentences if is_everyday else sentences)
            elif task == "to_english":
                english, value = next(plain_sentences)
            elif task == "answer":  # questions are drawn with their answers, and so are sentences like others
                task = "to_hlx"
                english, value = next(questions)
            else:
                english, value = None, next(values)
            line = CorpusLine(rng.choice(self.notations), value, english)
            return rng.choice(TASKS[task](line)), untaught_end(task, line, self.most_steps)

        chunk: list[Encoded] = []
        while missing := CHUNK_SIZE - len(chunk):
            tasks = rng.choices(tuple(self.task_weights), tuple(self.task_weights.values()), k=missing)
            examples, untaught = zip(*map(draw, tasks), strict=True)
            for example, end in zip(encode(examples, self.tokenizer), untaught, strict=True):
                if len(example["input_ids"]) <= self.max_length:
                    chunk.append({name: tokens[: len(tokens) - end] for name, tokens in example.items()})
        for example in chunk:
            example["position_ids"] = self._positions(len(example["input_ids"]), rng)
        return group_by_length(chunk, self.batch_size, rng, lambda example: len(example["input_ids"]))

    def _positions(self, length: int, rng: random.Random) -> range:
        """Half of the lines stand anywhere in the model's positions, so that all of them are learned.

        With lines at their first positions alone, a model with learned positions cannot go on where training lines
        end (random shifts: Kiyono et al., 2021, "SHAPE").
        """
        start = int(rng.random() * (self.max_length - length + 1)) if rng.random() < 0.5 else 0
        return range(start, start + length)


def untaught_end(task: str, line: CorpusLine, most_steps: int = MOST_STEPS) -> int:
    """How many tokens at the end of an example are left out of training, `<eos>` included.

    Those that close a pipeline of as many steps as training has at most. A model that has never seen it go on there
    would always close it; so it only learns from shorter ones when to (Newman et al., 2020, "The EOS decision and
    length extrapolation"). Where pipelines have two steps alone, none is shorter, and a model is to know it already.
    """
    most = MOST_STEPS if task == "to_english" else most_steps
    if task not in ENGLISH_TASKS or operation_of(line.value) != PIPELINE or len(line.value.fields) - 1 < most:
        return 0
    return 1 if task == "to_english" else len(get_notation(line.notation).contract.close) + 1
