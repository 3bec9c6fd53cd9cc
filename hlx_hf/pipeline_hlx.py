"""The pipeline that turns English into HLX, HLX into English, and one notation into another.

`save_pretrained` copies this file beside the weights, where `transformers.pipeline("text2text-generation", model=DIR,
trust_remote_code=True)` finds it: it imports nothing of the package but `lines_hlx`, which is copied with it, and what
constrains decoding where that is installed.
"""

import math
from copy import copy
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import GenerationConfig, LogitsProcessorList, Pipeline
from transformers.utils import cached_file, logging

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

try:
    from hlx_hf.decoding import generation
except ImportError:  # the package or xgrammar is not there
    generation = None
try:
    from hlx_hf import bridges
    from hlx_hf.decoding import coverage, deliberation, steps
    from hlx_hf.formats import dumps
except ImportError:
    bridges = coverage = deliberation = steps = dumps = None

logger = logging.get_logger(__name__)

# With these and no others, generation need not ask the model where the grammar leaves no choice.
PLAIN_SETTINGS = {
    *("do_sample", "num_beams", "num_return_sequences"),
    *("temperature", "top_k", "top_p", "min_p", "typical_p"),
}
# of `cached_file`, for a file that a model may do without
IF_THERE = {
    "_raise_exceptions_for_gated_repo": False,
    "_raise_exceptions_for_missing_entries": False,
    "_raise_exceptions_for_connection_errors": False,
}


class HLXPipeline(Pipeline):
    """Translates with an HLX model and its tokenizer.

    Besides the arguments of every `transformers.Pipeline`, both the constructor and the call take `notation` and the
    arguments of `generate`; a call's come before the constructor's. Decoding is greedy, or a search with as many beams
    as the model's generation configuration has, and ends with `<eos>` or at the model's last position, unless they say
    otherwise.

    Into a notation, decoding is constrained where xgrammar is installed: every answer is a canonical text, and ends
    within its limit.
    """

    _load_tokenizer = True
    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False

    def __init__(self, *args: Any, **kwargs: Any):
        self._constraints: dict[tuple, Any] = {}
        self._lexicons: dict[str, Any] = {}
        super().__init__(*args, **kwargs)

    def __call__(
        self, inputs: str | list[str], notation: str | None = None, **kwargs: Any
    ) -> list[dict[str, Any]] | list[list[dict[str, Any]]]:
        """Translates one text or many.

        Args:
            inputs: a text, or a list of texts. Curly quotes and dashes become plain ones, other characters that are no
                tokens their `\\uXXXX` escapes, which no model of this package was trained to read.
            notation: what to translate into: "HLXL", "LC-R", "LC-T", "LC-B", or "English" for HLX in any notation.
            **kwargs: `batch_size`, and the arguments of `generate`. `max_length` counts the tokens of each text's own
                prompt and answer, whatever the batch that it is in. `constrained=False` lets the model write whatever
                it likes, and `constrained=True` is an error where xgrammar is missing. `grounded` says whether
                constrained answers name what the text does alone, in contracts that `hlx_hf.contracts` knows; if not
                given, it is as the model's configuration has it. `schema`, an `hlx_hf.decoding.Schema`, says what
                contract the answer is. A search, which is left out with `num_beams=1`, and for English if nothing is
                said, finds `num_beams` answers and takes the likeliest. Where the model has a lexicon, each word of the
                text that an answer leaves unsaid counts `coverage_penalty` nats against it,
                `hlx_hf.decoding.coverage.COVERAGE_PENALTY` if not given, and parts of a text of several steps are
                translated on their own as well, which `stepwise` turns on and off; English is put back into HLX, and
                said otherwise where another value comes of it, which `verified` turns on and off. Neither is done for
                several alternatives, draws, a schema or a streamer, nor where answers are not constrained.
                `return_scores=True` adds the `score` of each answer, from 0 to 1: its probability among all that
                decoding allows, whatever the temperature, or with a lexicon its share when all have fallen behind by
                what they leave unsaid.
                `abstain_below`, a number from 0 to 1, answers null where no score reaches it. `num_return_sequences`
                alternatives come from a search with `num_beams`, at least twice as many if not given, the best one
                first; constrained ones differ in their values, for each value has one canonical text. With
                `do_sample=True` they are draws, which may be alike.

        Returns:
            For a text `[{"generated_text": answer}]`, of one item for each of `num_return_sequences`. For a list the
            answers in its order, as transformers 4 gives them for this task: `{"generated_text": answer}` for each
            text, or a list of these where there are several.

        Raises:
            ImportError: decoding is to be constrained, and `hlx_hf` or xgrammar is not installed; or `abstain_below`
                is given, and `hlx_hf` is not installed.
            TypeError: a text is no str.
            ValueError: no notation, or an unknown one; a number of tokens below 1, or a penalty below 0; a prompt that
                leaves no room for an answer; a schema where decoding is not constrained; or `abstain_below` where the
                answer is in English.
        """
        inputs = list(inputs) if isinstance(inputs, tuple) else inputs
        if isinstance(inputs, list) and not inputs:
            return []
        outputs = super().__call__(inputs, notation=notation, **kwargs)
        if isinstance(inputs, list) and all(len(answers) == 1 for answers in outputs):
            return [answer for (answer,) in outputs]
        return outputs

    def save_pretrained(self, save_directory: str, **kwargs: Any) -> None:
        """Saves model and tokenizer, and the model's lexicon if it has one."""
        super().save_pretrained(save_directory, **kwargs)
        if coverage is not None and (lexicon := self._lexicon()) is not None:
            lexicon.save(save_directory)

    def _sanitize_parameters(
        self,
        notation: str | None = None,
        generation_config: GenerationConfig | None = None,
        constrained: bool | None = None,
        grounded: bool | None = None,
        schema: Any = None,
        return_scores: bool | None = None,
        abstain_below: float | None = None,
        coverage_penalty: float | None = None,
        stepwise: bool | None = None,
        verified: bool | None = None,
        **generate_kwargs: Any,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        preprocess_kwargs = {} if notation is None else {"notation": notation}
        if generation_config is not None:
            settings = generation_config.to_diff_dict() | {"num_beams": generation_config.num_beams}
            settings.pop("transformers_version", None)
            generate_kwargs = {**settings, **generate_kwargs}
        forward = {"notation": notation, "constrained": constrained, "grounded": grounded, "schema": schema}
        forward |= {"coverage_penalty": coverage_penalty, "stepwise": stepwise, "verified": verified}
        forward["scored"] = bool(return_scores or abstain_below) or None
        postprocess = {"notation": notation, "return_scores": return_scores, "abstain_below": abstain_below}
        forward_kwargs, postprocess_kwargs = (
            {name: choice for name, choice in choices.items() if choice is not None}
            for choices in (forward, postprocess)
        )
        return preprocess_kwargs, forward_kwargs | generate_kwargs, postprocess_kwargs

    def preprocess(self, text: str, notation: str | None = None) -> dict[str, torch.Tensor]:
        learned = self.model.config.notations
        written = written_notation(notation, learned)
        if bridges is None and written != notation:
            raise ImportError(
                f"this model has learned {', '.join(learned)}, and needs the package for {notation}: pip install hlx_hf"
            )
        if bridges is not None and written == ENGLISH:
            text = bridges.into_learned(text, learned)
        return self.tokenizer(request_prompt(text, written, self.tokenizer.get_vocab()), return_tensors="pt")

    def _forward(
        self,
        model_inputs: dict[str, torch.Tensor],
        notation: str | None = None,
        stepwise: bool | None = None,
        verified: bool | None = None,
        scored: bool = False,
        **options: Any,
    ) -> dict[str, list[torch.Tensor]]:
        """Returns what `_search` does, or answers that are made of several of those."""
        is_one = (options.get("num_return_sequences") or 1) == 1 and not options.get("do_sample")
        is_constrained = generation is not None and options.get("constrained") is not False
        can_deliberate = steps is not None and is_one and is_constrained and options.get("schema") is None
        wanted = verified if notation == ENGLISH else stepwise
        if can_deliberate and wanted is None:
            wanted = self._lexicon() is not None
        if not (can_deliberate and wanted and options.get("streamer") is None):
            return self._search(model_inputs, notation=notation, scored=scored, **options)
        stepwise = self._lexicon() is not None if stepwise is None else stepwise
        learned, positions = self.model.config.notations, self.model.config.max_position_embeddings
        end = self.tokenizer.eos_token_id
        prompts = self.tokenizer.batch_decode(model_inputs["input_ids"], skip_special_tokens=True)
        requests, size = list(map(request_of, prompts)), max(len(prompts), deliberation.SIDE_BY_SIDE)

        def find(target: str, texts: list[str], **more: Any) -> list[list[Any]]:
            found = []
            for start in range(0, len(texts), size):
                lines = [line_prompt(text, target) for text in texts[start : start + size]]
                inputs = self.tokenizer(lines, padding=True, return_tensors="pt").to(self.model.device)
                output = self._search(inputs, **{**options, **more, "notation": target, "scored": True})
                for answers, *numbers in zip(*(output[name] for name in ("answers", "scores", "weights")), strict=True):
                    answered = self.tokenizer.batch_decode(answers, skip_special_tokens=True)
                    found.append(list(map(steps.Answer, answered, *(each.tolist() for each in numbers))))
            return found

        searches = (options.get("num_beams") or self.model.generation_config.num_beams or 1) > 1
        limits = {name: options[name] for name in ("max_new_tokens", "max_length") if options.get(name)}
        model = deliberation.Deliberation(find, searches, stepwise, unlimited=dict.fromkeys(limits))
        lengths = model_inputs["attention_mask"].sum(dim=1).tolist()
        rooms = limits and [
            min(limits.get("max_new_tokens", math.inf), limits.get("max_length", math.inf) - length)
            for length in lengths
        ]
        if notation == ENGLISH:
            answers = model.into_english((learned or NOTATIONS)[0], requests, positions, rooms or None)
        else:
            answers = model.into_hlx(written_notation(notation, learned), requests, rooms or None)
        tokens = self.tokenizer([answer.text for answer in answers], add_special_tokens=False)["input_ids"]
        results = {"answers": [torch.tensor([[*each, end]]) for each in tokens]}
        return results | ({"scores": [torch.tensor([answer.score]) for answer in answers]} if scored else {})

    def _search(
        self,
        model_inputs: dict[str, torch.Tensor],
        notation: str | None = None,
        constrained: bool | None = None,
        grounded: bool | None = None,
        schema: Any = None,
        coverage_penalty: float | None = None,
        scored: bool = False,
        **generate_kwargs: Any,
    ) -> dict[str, list[torch.Tensor]]:
        """Returns for each row the token ids that were appended and, if `scored`, the logarithms of their scores.

        `answers` are of shape (sequences, tokens), `scores` and `weights`, which they are chosen by, (sequences,).
        """
        written = written_notation(notation, self.model.config.notations)
        constraint = self._constraint(written, constrained, schema)
        constraints = constraint and self._constraints_of(model_inputs["input_ids"], constraint, grounded)
        settings = {"do_sample": False, **generate_kwargs}
        alternatives = settings.get("num_return_sequences") or 1
        if settings.get("num_beams") is None:
            settings["num_beams"] = self._default_beams(notation, alternatives, settings["do_sample"])
        beams = settings["num_beams"]
        check_search(beams, coverage_penalty or 0)
        lexicon = self._lexicon() if constraints and coverage is not None and not settings["do_sample"] else None
        penalty = 0.0
        if lexicon is not None:
            penalty = coverage.COVERAGE_PENALTY if coverage_penalty is None else coverage_penalty
        if beams > 1 and not settings["do_sample"]:
            # ordered by the probability that is their score, and not by its mean over their tokens
            settings = {"length_penalty": 0.0, "renormalize_logits": constraints is not None, **settings}
            if penalty:
                settings["num_return_sequences"] = max(beams, alternatives)
        positions = self.model.config.max_position_embeddings
        max_length = min(settings.pop("max_length", None) or positions, positions)
        max_new_tokens = settings.pop("max_new_tokens", None)
        if max_new_tokens is None:
            max_new_tokens = max_length
        elif max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1, not {max_new_tokens}")
        rows, width = model_inputs["input_ids"].shape
        if width >= max_length:
            raise ValueError(
                f"the prompt takes {width} of the {max_length} tokens that it shares with its answer: shorten the text"
            )
        lengths = model_inputs["attention_mask"].sum(dim=1).tolist()
        rooms = [min(max_new_tokens, max_length - length) for length in lengths]
        room = min(max_new_tokens, max_length - width)  # padding takes some of it from the short rows of a batch
        if constraints:
            settings |= self._constrained_settings(settings, constraints, width, rooms)
        tokens = self.model.generate(**model_inputs, max_new_tokens=room, **settings)[:, width:]
        answers = list(tokens.unflatten(0, (rows, -1)))

        end = torch.tensor(
            settings.get("eos_token_id", self.model.generation_config.eos_token_id), device=tokens.device
        )
        for row, length in enumerate(lengths):
            ended = torch.isin(answers[row], end).any(dim=1)
            if tokens.shape[1] == room < rooms[row] and not ended.all():  # it had less: it starts over, alone
                alone = {name: tensor[row : row + 1, width - length :] for name, tensor in model_inputs.items()}
                count = settings.get("num_return_sequences") or 1
                again = {**generate_kwargs, "num_beams": beams, "num_return_sequences": count}
                output = self._search(alone, notation, constrained, grounded, schema, coverage_penalty, **again)
                (answers[row],) = output["answers"]
            elif beams > 1:  # beams that have found no other answer are left out
                found = answers[row][ended] if constraints and ended.any() else answers[row]
                answers[row] = torch.tensor(list(dict.fromkeys(map(tuple, found.tolist()))), device=tokens.device)
        if not (scored or (penalty and beams > 1)):
            return {"answers": answers}
        weights = self._log_probabilities(model_inputs, answers, end, constraints, rooms)
        scores = list(weights)
        prompts = self.tokenizer.batch_decode(model_inputs["input_ids"], skip_special_tokens=True)
        for row, prompt in enumerate(prompts if penalty else ()):
            if torch.isin(answers[row], end).any(dim=1).all():  # stopped early, an answer is no text and has no words
                texts = self.tokenizer.batch_decode(answers[row], skip_special_tokens=True)
                ranks = lexicon.rank(request_of(prompt), texts, weights[row].tolist(), written, penalty)
                answers[row] = answers[row][[ranked.index for ranked in ranks]]
                scores[row] = torch.tensor([ranked.score for ranked in ranks], device=tokens.device)
                weights[row] = torch.tensor([ranked.weight for ranked in ranks], device=tokens.device)
            for each in (answers, scores, weights):
                each[row] = each[row][:alternatives]
        return {"answers": answers, "scores": scores, "weights": weights} if scored else {"answers": answers}

    def _default_beams(self, notation: str | None, alternatives: int, do_sample: bool) -> int:
        """How many answers to look for where nobody has said it."""
        if do_sample:
            return 1
        usual = 1 if notation == ENGLISH else self.model.generation_config.num_beams or 1
        return max(usual, 2 * alternatives) if alternatives > 1 else usual

    def _lexicon(self) -> Any:
        """The `hlx_hf.decoding.coverage.Lexicon` beside the model's weights; None if there is none."""
        name = self.model.name_or_path
        if name and name not in self._lexicons:
            try:
                path = cached_file(name, coverage.LEXICON, **IF_THERE)
            except OSError:  # neither a folder any more nor a repository
                path = None
            self._lexicons[name] = path and coverage.Lexicon.read(Path(path).parent)
        return self._lexicons.get(name)

    def _log_probabilities(
        self,
        model_inputs: dict[str, torch.Tensor],
        answers: list[torch.Tensor],
        end: torch.Tensor,
        constraints: list[Any] | None,
        rooms: list[int],
    ) -> list[torch.Tensor]:
        """That of each answer among all that decoding allows: for each row of shape (sequences,)."""
        counts = torch.tensor(list(map(len, answers)), device=end.device)
        prompts = {name: tensor.repeat_interleave(counts, dim=0) for name, tensor in model_inputs.items()}
        rows = [answer for alternatives in answers for answer in alternatives]
        tokens = pad_sequence(rows, batch_first=True, padding_value=self.tokenizer.pad_token_id)
        ends = torch.isin(tokens, end).long()
        lengths = torch.tensor(list(map(len, rows)), device=end.device)
        real = (ends.cumsum(dim=1) == ends) & (torch.arange(tokens.shape[1], device=end.device) < lengths[:, None])
        logits = (
            self.model(
                input_ids=torch.cat([prompts["input_ids"], tokens], dim=1),
                attention_mask=torch.cat([prompts["attention_mask"], real.long()], dim=1),
            )
            .logits[:, prompts["input_ids"].shape[1] - 1 : -1]
            .float()
        )
        if constraints:
            allowed = torch.zeros_like(logits, dtype=torch.bool)
            prompt_of = torch.arange(len(rooms)).repeat_interleave(counts.cpu()).tolist()
            for row, answer in enumerate(tokens.tolist()):
                constraint, room = constraints[prompt_of[row]], rooms[prompt_of[row]]
                state = constraint.start
                for column, token in enumerate(answer[: int(real[row].sum())]):
                    allowed[row, column, constraint.allowed(state, room - column).ids] = True
                    state = constraint.after(state, token)
            logits = logits.nan_to_num().masked_fill(~allowed, -torch.inf)
        each = logits.log_softmax(dim=-1).gather(-1, tokens[..., None])[..., 0]
        return list(each.where(real, 0).sum(dim=1).split(counts.tolist()))

    def _constraint(self, notation: str | None, constrained: bool | None, schema: Any) -> Any:
        """What the answers are held to, an `hlx_hf.decoding.Constraint`; None if that is nothing."""
        if notation == ENGLISH or constrained is False:
            if schema is not None:
                what = notation if notation == ENGLISH else "constrained=False"
                raise ValueError(f"a schema is for constrained decoding into a notation, not for {what}")
            return None
        if generation is None:
            if constrained or schema is not None:
                raise ImportError("constrained decoding needs xgrammar: pip install xgrammar")
            if bridges is not None:  # the package is there, and somebody may count on it
                logger.warning_once(
                    "answers may be no HLX, for constrained decoding needs xgrammar: pip install xgrammar, or use "
                    "hlx_hf.Translator, which does without; constrained=False says that they may"
                )
            return None
        if (notation, schema) not in self._constraints:
            vocabulary, end = self.tokenizer.get_vocab(), self.tokenizer.eos_token_id
            self._constraints[notation, schema] = generation.Constraint(notation, schema, vocabulary, end)
        return self._constraints[notation, schema]

    def _constraints_of(self, input_ids: torch.Tensor, constraint: Any, grounded: bool | None) -> list[Any]:
        """That of each prompt."""
        if not (self.model.config.grounded if grounded is None else grounded):
            return [constraint] * len(input_ids)
        prompts = self.tokenizer.batch_decode(input_ids, skip_special_tokens=True)
        return [constraint.grounded_in(request_of(prompt)) for prompt in prompts]

    def _constrained_settings(
        self, settings: dict[str, Any], constraints: list[Any], width: int, rooms: list[int]
    ) -> dict[str, Any]:
        processor = generation.ConstrainedLogitsProcessor(constraints, width, rooms)
        constrained = {"logits_processor": LogitsProcessorList([*settings.get("logits_processor", ()), processor])}
        config = copy(self.model.generation_config)
        config.num_beams = settings["num_beams"]
        if settings.keys() <= PLAIN_SETTINGS and config.get_generation_mode() in ("greedy_search", "sample"):
            constrained["custom_generate"] = generation.jump_forward
        return constrained

    def postprocess(
        self,
        model_outputs: dict[str, list[torch.Tensor]],
        notation: str | None = None,
        return_scores: bool = False,
        abstain_below: float = 0,
    ) -> list[dict[str, Any]]:
        check_abstention(abstain_below, notation)
        (answers,) = model_outputs["answers"]
        texts = self.tokenizer.batch_decode(answers, skip_special_tokens=True)
        written = written_notation(notation, self.model.config.notations)
        if written != notation:
            texts = [bridges.into_asked(text, written, notation) for text in texts]
        results = [{"generated_text": text} for text in texts]
        if "scores" not in model_outputs:
            return results
        scores = model_outputs["scores"][0].exp()
        if abstain_below and scores.max() < abstain_below:
            results = [{"generated_text": _null(notation)}]
            scores = scores.max()[None]
        if return_scores:
            results = [{**result, "score": score} for result, score in zip(results, scores.tolist(), strict=True)]
        return results


def _null(notation: str) -> str:
    if dumps is None:
        raise ImportError("abstain_below needs the package: pip install hlx_hf")
    return dumps(None, notation)
