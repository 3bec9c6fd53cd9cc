"""Translation in numpy, without torch or transformers: a fresh process answers in a fraction of a second."""

import json
import math
import os
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from .bridges import into_asked, into_learned
from .decoding import Constraint, Schema
from .decoding.coverage import COVERAGE_PENALTY, Lexicon
from .decoding.deliberation import SIDE_BY_SIDE, Deliberation
from .decoding.steps import Answer
from .formats import dumps
from .lines_hlx import (
    ENGLISH,
    NOTATIONS,
    check_abstention,
    check_search,
    line_prompt,
    request_of,
    request_prompt,
    written_notation,
)
from .network import Network, read_weights

COUNTS = ("batch_size", "max_new_tokens", "num_beams")  # options of a `Translator` that count something
OPTIONS = (
    *("notation", *COUNTS, "coverage_penalty"),
    *("constrained", "grounded", "schema", "stepwise", "verified", "return_scores", "abstain_below"),
)
GENERATION_CONFIG = "generation_config.json"


def read_config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """The settings of a model folder, or those of another JSON file in it.

    Raises:
        OSError: there are none.
        ValueError: the file is damaged.
    """
    path = folder / name
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{path} is damaged: it holds no object")
    return config


def _read_tokenizer(path: Path) -> Tokenizer:
    text = path.read_text(encoding="utf-8")
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the class that tokenizers raises
        raise ValueError(f"{path} is damaged: {error}") from error


class Translator:
    """Translates with a model folder as `HLXPipeline` does, on the CPU only, and without samples.

    Args:
        folder: what `save_pretrained` of an HLX model and its tokenizer wrote.
        **defaults: what every call is to have, of `OPTIONS`.

    Raises:
        OSError: a file is missing.
        TypeError: a default is unknown.
        ValueError: a file is damaged, or a default is below 1.
    """

    def __init__(self, folder: str | os.PathLike, **defaults: Any):
        self.folder = Path(folder)
        self.defaults = self._options(defaults)
        config, weights = read_config(self.folder), read_weights(self.folder)
        self.tokenizer = _read_tokenizer(self.folder / "tokenizer.json")
        self.tokenizer.encode_special_tokens = True  # as the text that they are; tokenizer.json does not say so
        try:
            self.network = Network(config, weights)
            self.network.generate([[0]], max_new_tokens=1)  # which takes every setting and every tensor
        except KeyError as error:
            raise ValueError(f"{self.folder} is damaged: config.json or the weights lack {error}") from error
        except (IndexError, TypeError, ValueError) as error:
            raise ValueError(f"{self.folder} is damaged: config.json does not fit the weights: {error}") from error
        has_settings = (self.folder / GENERATION_CONFIG).is_file()
        settings = read_config(self.folder, GENERATION_CONFIG) if has_settings else {}
        self._num_beams = settings.get("num_beams") or 1
        if not (isinstance(self._num_beams, int) and self._num_beams >= 1):
            raise ValueError(f"{self.folder / GENERATION_CONFIG} is damaged: num_beams is {self._num_beams!r}")
        self._lexicon = Lexicon.read(self.folder)
        self._alphabet = self.tokenizer.get_vocab()
        self._constraints: dict[tuple[str, Schema | None], Constraint] = {}

    def __call__(self, inputs: str | list[str], notation: str | None = None, **options: Any) -> list[dict[str, Any]]:
        """Translates one text or many.

        Args:
            inputs: a text, or a list of texts, brought into the alphabet as `HLXPipeline` does.
            notation: what to translate into: "HLXL", "LC-R", "LC-T", "LC-B", or "English" for HLX in any notation.
            **options: `batch_size`, 1 if not given, and 8 at least with `stepwise` or `verified`, which ask for more
                than the texts; `max_new_tokens`, as many as the model has positions for, counted in the notation that
                it writes, or any number for a pipeline that is made of parts; `num_beams`, how many answers to look
                for, which is greedy decoding with 1; if not given, it is 1 for English, and otherwise as
                generation_config.json has it; `coverage_penalty`, by how many nats an answer falls behind for each word
                of the text that it leaves unsaid, where the model has a lexicon, and `COVERAGE_PENALTY` if not given;
                `stepwise`, whether parts of a text of several steps are translated on their own as well, and
                `verified`, whether English is put back into HLX and said otherwise where another value comes of it,
                both of them True if not given for a model with a lexicon, and neither done where answers are not
                constrained or have a schema;
                `constrained=False` to let the model write whatever it likes, where answers in a notation are canonical
                texts otherwise; `grounded`, whether these name what the text does alone, in contracts that
                `hlx_hf.contracts` knows, as the model's configuration has it if not given; `schema`, an
                `hlx_hf.decoding.Schema`, which says what contract the answer is; `return_scores` and `abstain_below`,
                as `HLXPipeline` has them.

        Returns:
            For each text, in order, `{"generated_text": answer}`, with its `score` if asked for.

        Raises:
            TypeError: an option is unknown, or a text no str.
            ValueError: no notation, or an unknown one; a number below 1, or a penalty below 0; a prompt that leaves no
                room for an answer; a schema where decoding is not constrained; or `abstain_below` where the answer is
                in English.
        """
        options = {**self.defaults, **self._options({"notation": notation, **options})}
        texts = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if not texts:
            return []
        notation, learned = options.get("notation"), self.network.config.get("notations")
        written = written_notation(notation, learned)
        if written == ENGLISH:
            texts = [into_learned(text, learned) for text in texts]
        least = options.get("abstain_below", 0)
        check_abstention(least, notation)
        requests = [request_of(request_prompt(text, written, self._alphabet)) for text in texts]
        deliberates = options.get("constrained") is not False and not options.get("schema")
        stepwise, verified = (
            deliberates and options.get(name, bool(self._lexicon)) for name in ("stepwise", "verified")
        )
        if stepwise or verified:
            options["batch_size"] = max(options.get("batch_size", 1), SIDE_BY_SIDE)

        def find(target: str, texts: list[str], **more: Any) -> list[list[Answer]]:
            return self._find(texts, target, {**options, **more})

        searches = options.get("num_beams", self._num_beams) > 1
        deliberation = Deliberation(find, searches, stepwise, unlimited={"max_new_tokens": None})
        limit = options.get("max_new_tokens")
        rooms = limit and [limit] * len(requests)
        if written != ENGLISH:
            answers = deliberation.into_hlx(written, requests, rooms)
        elif verified:
            positions = self.network.config["max_position_embeddings"]
            answers = deliberation.into_english((learned or NOTATIONS)[0], requests, positions, rooms)
        else:
            answers = deliberation.translate(ENGLISH, requests)
        results = []
        for text, log_score, _ in answers:
            score = math.exp(log_score)
            answer = dumps(None, notation) if score < least else into_asked(text, written, notation)
            result = {"generated_text": answer}
            results.append({**result, "score": score} if options.get("return_scores") else result)
        return results

    def _find(self, requests: list[str], notation: str, options: dict[str, Any]) -> list[list[Answer]]:
        """The answers to each request, in the alphabet, in a notation that the model has learned, the best first."""
        prompts = [line_prompt(request, notation) for request in requests]
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(prompts)]
        constraint = self._constraint(notation, options.get("constrained"), options.get("schema"))
        grounded = options.get("grounded", self.network.config.get("grounded", False))
        num_beams = options.get("num_beams", 1 if notation == ENGLISH else self._num_beams)
        penalty = options.get("coverage_penalty", COVERAGE_PENALTY) if constraint and self._lexicon else 0
        size = options.get("batch_size", 1)
        answers = []
        for start in range(0, len(tokens), size):
            batch = slice(start, start + size)
            constraints = constraint and [
                constraint.grounded_in(request) if grounded else constraint for request in requests[batch]
            ]
            found = self.network.generate(tokens[batch], options.get("max_new_tokens"), constraints, num_beams)
            for request, candidates in zip(requests[batch], found, strict=True):
                texts = self.tokenizer.decode_batch([candidate.tokens for candidate in candidates])
                scores = [candidate.log_probability for candidate in candidates]
                if penalty:
                    ranks = self._lexicon.rank(request, texts, scores, notation, penalty)
                    answers.append([Answer(texts[index], score, weight) for index, score, weight in ranks])
                else:
                    answers.append(list(map(Answer, texts, scores, scores)))
        return answers

    def _constraint(self, notation: str, constrained: bool | None, schema: Schema | None) -> Constraint | None:
        if notation == ENGLISH or constrained is False:
            if schema is not None:
                what = notation if notation == ENGLISH else "constrained=False"
                raise ValueError(f"a schema is for constrained decoding into a notation, not for {what}")
            return None
        if (notation, schema) not in self._constraints:
            end = self.network.config["eos_token_id"]
            self._constraints[notation, schema] = Constraint(notation, schema, self._alphabet, end)
        return self._constraints[notation, schema]

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in options if name not in OPTIONS]
        if unknown:
            raise TypeError(
                f"{', '.join(unknown)}: a Translator has only {', '.join(OPTIONS[:-1])} and {OPTIONS[-1]}; "
                f"hlx_hf.pipeline({str(self.folder)!r}, device='cpu') has all options of generate"
            )
        for name in options.keys() & set(COUNTS):
            if options[name] is not None and options[name] < 1:
                raise ValueError(f"{name} must be at least 1, not {options[name]}")
        check_search(1, options.get("coverage_penalty") or 0)
        return {name: value for name, value in options.items() if value is not None}
