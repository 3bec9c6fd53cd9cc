"""Answers of a model to many prompts, in batches."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import torch
from tqdm.auto import tqdm

from ..inference import find_model, pipeline
from ..pipeline_hlx import HLXPipeline
from ..runtime import Translator

BATCH_SIZE = 64

# An `HLXPipeline`, a `Translator`, or whatever else is called with texts, `notation` and `batch_size` as they are.
Translate = Callable[..., list[dict[str, str]]]


def load_model(name: str, **settings: Any) -> tuple[Translate, list[str] | None, int]:
    """An HLX model to be tested, where it is fastest: on an accelerator, or in numpy where there is none.

    Args:
        name: name, folder or Hub id of the model.
        **settings: what every call is to have. `constrained` is to be said outright: a pipeline without xgrammar would
            go unconstrained.

    Returns:
        The model, which gives the score of each answer; the notations that it has learned, None for all; and the number
        of its parameters.

    Raises:
        OSError: there is no such model.
        ValueError: the model is of another kind, or damaged.
    """
    if torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
        pipe = pipeline(name, device=device, return_scores=True, **settings)
        return pipe, pipe.model.config.notations, pipe.model.num_parameters()
    translator = Translator(find_model(name), return_scores=True, **settings)  # several times as fast on a CPU
    parameters = sum(tensor.size for tensor in translator.network.weights.values())
    return translator, translator.network.config.get("notations"), parameters


def answers(
    translate: Translate,
    texts: Sequence[str],
    notations: Sequence[str],
    expected: Sequence[str] | None = None,
    batch_size: int = BATCH_SIZE,
) -> list[str]:
    """What the model answers to each text, asked for in the notation beside it ("English" included).

    Args:
        translate: the model.
        texts: what is asked, each on its own line.
        notations: what to answer in, one for each text.
        expected: the right answers, where only their like counts: a longer answer is not waited for. Not for a model
            whose decoding is constrained, for it would have to end its answers in time, nor for notations that it has
            not learned, for it writes these in another.
        batch_size: how many texts the model is given at a time.
    """
    outputs = ask(translate, texts, notations, expected, batch_size)
    return [output["generated_text"] for output in outputs]


def ask(
    translate: Translate,
    texts: Sequence[str],
    notations: Sequence[str],
    expected: Sequence[str] | None = None,
    batch_size: int = BATCH_SIZE,
) -> list[dict[str, Any]]:
    """As `answers`, with all that the model says of each answer, such as its `score`."""
    found: list[dict[str, Any]] = [{}] * len(texts)
    with tqdm(total=len(texts), desc="generating", unit="answer", leave=False, disable=None) as progress:
        for notation in dict.fromkeys(notations):
            # neighbours of like length leave little padding
            rows = sorted((len(text), row) for row, text in enumerate(texts) if notations[row] == notation)
            for start in range(0, len(rows), batch_size):
                batch = [row for _, row in rows[start : start + batch_size]]
                limit = {} if expected is None else {"max_new_tokens": _longest(expected[row] for row in batch)}
                outputs = translate([texts[row] for row in batch], notation=notation, batch_size=len(batch), **limit)
                for row, output in zip(batch, outputs, strict=True):
                    found[row] = output
                progress.update(len(batch))
    return found


def continuations(pipe: HLXPipeline, starts: Sequence[str], expected: Sequence[str]) -> list[str]:
    """What the model appends to the beginning of each HLX text, for models that were trained to complete lines.

    Args:
        pipe: the model.
        starts: beginnings of HLX texts.
        expected: what should follow each of them; nothing longer is waited for.
    """
    found = []
    for start in tqdm(range(0, len(starts), BATCH_SIZE), desc="completing", unit="batch", leave=False, disable=None):
        rows = slice(start, start + BATCH_SIZE)
        batch = pipe.tokenizer(list(starts[rows]), padding=True, return_tensors="pt").to(pipe.model.device)
        with torch.inference_mode():
            tokens = pipe.model.generate(**batch, do_sample=False, max_new_tokens=_longest(expected[rows]))
        appended = tokens[:, batch["input_ids"].shape[1] :]
        found += pipe.tokenizer.batch_decode(appended, skip_special_tokens=True)
    return found


def common_prefix_length(*sequences: Sequence) -> int:
    """How many items, or characters, all sequences begin with alike."""
    return sum(1 for _ in takewhile(lambda items: len(set(items)) == 1, zip(*sequences, strict=False)))


def _longest(texts) -> int:
    return max(map(len, texts)) + 1  # a token a character, and one more, so that what goes on is seen to
