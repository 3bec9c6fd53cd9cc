"""What a model can do in the middle of its training: a few questions, and figures of how it answers them.

Generated phases are asked what training never draws, of the splits `iid` and `hlx_to_hlx`. Phases on a fixed corpus
learn it by heart, so they are asked for lines of that corpus: recall, which says nothing of new sentences.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase

from ..corpus import load_corpus
from ..corpus.tasks import ENGLISH_TASKS, CorpusLine, Example, corpus_lines
from ..evaluation.generation import BATCH_SIZE, Translate, answers
from ..evaluation.metric import load_metric
from ..formats import dumps
from ..lines_hlx import ENGLISH, NOTATIONS, line_prompt
from ..modeling_hlx import HLXForCausalLM
from ..network import Network
from ..pipeline_hlx import HLXPipeline
from ..tokenization_hlx import to_alphabet
from .arguments import GENERATED, PhaseArguments
from .examples import IGNORED, collate, encode

QUESTION_TASKS = ("to_hlx", "convert", "to_english")  # the first that a phase trains is asked; the others ask nothing
SEED = 0  # of the choice of questions, the same in every run, so that runs can be compared
QUESTION_COUNT = 64
SAMPLES = 5  # answers that are kept to be looked at


class Question(NamedTuple):
    """What is asked, what to answer in ("English" included), and the right answer."""

    text: str
    notation: str
    answer: str

    @property
    def prompt(self) -> str:
        """The beginning of the line that the model goes on from."""
        return line_prompt(self.text, self.notation)


def draw_questions(arguments: PhaseArguments) -> list[Question]:
    """The questions of a phase, always the same; none where it is trained on no task of `QUESTION_TASKS`."""
    task = next((task for task in QUESTION_TASKS if task in arguments.task_weights), None)
    if task is None:
        return []
    if arguments.corpus == GENERATED:
        rows = load_corpus("iid" if task in ENGLISH_TASKS else "hlx_to_hlx")
    else:
        rows = load_corpus(arguments.corpus, data_files=arguments.data_files)
    lines = corpus_lines({"english": None, **row} for row in rows)
    lines = [line for line in lines if line.notation in (arguments.notations or NOTATIONS)]
    if task == "to_english":  # the metric has no measure for a sentence without words, such as "?!"
        lines = [line for line in lines if any(map(str.isalnum, line.english))]
    rng = random.Random(SEED)
    return [_question(task, line, rng) for line in rng.sample(lines, min(QUESTION_COUNT, len(lines)))]


def _question(task: str, line: CorpusLine, rng: random.Random) -> Question:
    if task == "to_hlx":
        return Question(to_alphabet(line.english), line.notation, line.text)
    if task == "to_english":
        return Question(line.text, ENGLISH, to_alphabet(line.english))
    source = rng.choice([notation for notation in NOTATIONS if notation != line.notation])
    return Question(dumps(line.value, source), line.notation, line.text)


def measure(model: HLXForCausalLM, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question]) -> dict:
    """Figures of a model, which is left as it was, random state included.

    Returns:
        `answer_loss`: nats for each character of the right answers;
        `prompt_use`: share of an answer's nats behind another question's prompt that its own prompt saves, at most 1
            and about 0 where answers do not depend on prompts;
        `exact`, `valid`, and one for each failure of the `english_comprehension` metric: shares of the questions;
        `samples`: some questions with the model's answers and how they came out.
    """
    texts, notations, references = zip(*questions, strict=True)
    exchanged = _exchanged(questions, model.config.max_position_embeddings)
    was_training = model.training
    model.eval()
    with torch.random.fork_rng(), torch.no_grad():
        right, others = _losses(model, tokenizer, questions), _losses(model, tokenizer, exchanged)
        outputs = answers(translator(model, tokenizer), texts, notations, references)
    model.train(was_training)
    scores = load_metric().compute(
        predictions=outputs,
        references=list(references),
        levels=list(notations),
        notations=list(notations),
        prompts=list(texts),
    )
    overall = scores["overall"]
    samples = [
        {**question._asdict(), "output": output, "outcome": outcome}
        for question, output, outcome in zip(questions, outputs, scores["outcomes"], strict=True)
    ]
    return {
        "answer_loss": right.sum().item() / sum(len(question.answer) + 1 for question in questions),  # and <eos>
        "prompt_use": (1 - right.sum() / others.sum()).item(),
        "exact": overall["exact_accuracy"],
        "valid": overall["valid_share"],
        **{failure: count / len(questions) for failure, count in overall["failures"].items()},
        "samples": samples[:SAMPLES],
    }


def _exchanged(questions: Sequence[Question], positions: int) -> list[Question]:
    """The same answers, each behind the prompt of the question before, or behind its own where that is too long."""
    exchanged = []
    for question, other in zip(questions, [*questions[-1:], *questions[:-1]], strict=True):
        fits = len(other.prompt) + len(question.answer) + 2 <= positions  # with <bos> and <eos>
        exchanged.append(other._replace(answer=question.answer) if fits else question)
    return exchanged


def _losses(model: HLXForCausalLM, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question]) -> torch.Tensor:
    """Nats of each answer, in all. The labels are shifted here, and not by what training does."""
    losses = []
    for start in range(0, len(questions), BATCH_SIZE):
        asked = questions[start : start + BATCH_SIZE]
        examples = encode([Example(question.prompt, question.answer) for question in asked], tokenizer)
        batch = collate(examples, tokenizer.pad_token_id)
        logits = model(batch["input_ids"].to(model.device)).logits[:, :-1].float().cpu()
        labels = batch["labels"][:, 1:]
        each = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
        losses.append(each.view_as(labels).sum(dim=1))
    return torch.cat(losses)


def translator(model: HLXForCausalLM, tokenizer: PreTrainedTokenizerBase) -> Translate:
    """What answers for a model in training: its pipeline, or on a CPU numpy, which takes a fraction of the time.

    Numpy reads the weights where they are; of bf16 weights it would need a copy of twice their size.
    """
    if model.device.type != "cpu" or model.dtype != torch.float32:
        return HLXPipeline(model=model, tokenizer=tokenizer, device=model.device, constrained=False, num_beams=1)
    network = Network(model.config.to_dict(), {name: tensor.numpy() for name, tensor in model.state_dict().items()})

    def translate(texts: list[str], notation: str, max_new_tokens: int, **kwargs) -> list[dict[str, str]]:
        prompts = tokenizer([line_prompt(text, notation) for text in texts])["input_ids"]
        tokens = [answer.tokens for (answer,) in network.generate(prompts, max_new_tokens)]
        return [{"generated_text": text} for text in tokenizer.batch_decode(tokens, skip_special_tokens=True)]

    return translate
