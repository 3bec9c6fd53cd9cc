"""Any causal language model as a translator: shown examples in its prompt, and asked what an HLX model is asked."""

import copy
from collections.abc import Iterator
from pathlib import Path

import torch
from datasets import Dataset
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Cache,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import is_gguf_available

from ..corpus.rows import column_of
from ..lines_hlx import ENGLISH, NOTATIONS
from .generation import common_prefix_length

MAX_NEW_TOKENS = 256  # the longest right answer of the test splits takes 230 of a tokenizer that knows no glyph
BATCH_SIZE = 8  # each row has a copy of the examples' keys and values


class FewShotTranslator:
    """A general language model, called with texts and a notation as an `HLXPipeline` is.

    It sees an instruction and the examples, then the text; as the turns of a conversation where its tokenizer has a
    chat template. Decoding is greedy and ends with the line. The model reads the examples of a notation once: every
    batch starts from a copy of their keys and values.

    Args:
        model: a causal language model that keeps the keys and values of attention in a `DynamicCache`.
        tokenizer: its tokenizer.
        examples: rows of a corpus with the columns of `all_variants`.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, examples: Dataset):
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.examples = list(examples)
        self._read: dict[str, tuple[list[int], Cache]] = {}
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        # a checkpoint's own settings sample, or penalise repetition, which HLX is full of
        ends = model.generation_config.eos_token_id
        model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=tokenizer.pad_token_id)

    def __call__(self, inputs: list[str], notation: str, batch_size: int = BATCH_SIZE) -> list[dict[str, str]]:
        """Translates texts.

        Args:
            inputs: English, each on one line; or HLX where `notation` is "English".
            notation: what to translate into.
            batch_size: how many texts are decoded side by side.

        Returns:
            For each text, in order, `{"generated_text": answer}`.

        Raises:
            ValueError: the prompt leaves no room for an answer.
        """
        found = []
        for start in range(0, len(inputs), batch_size):
            found += self._translate(inputs[start : start + batch_size], notation)
        return [{"generated_text": answer} for answer in found]

    def prompt(self, text: str, notation: str) -> str:
        """All that the model is given to translate a text."""
        given, wanted = ("HLX", ENGLISH) if notation == ENGLISH else (ENGLISH, "HLX")
        if notation == ENGLISH:
            instruction = "Translate HLX into English. Answer with one line of English."
        else:
            instruction = f"Translate English into HLX, in the notation {notation}. Answer with one line of HLX."
        if self.tokenizer.chat_template is None:
            pairs = [f"{given}: {question}\n{wanted}: {answer}\n\n" for question, answer in self._pairs(notation)]
            return f"{instruction}\n\n{''.join(pairs)}{given}: {text}\n{wanted}:"
        turns = []
        for question, answer in self._pairs(notation):
            turns.append({"role": "user", "content": f"{given}: {question}"})
            turns.append({"role": "assistant", "content": answer})
        turns.append({"role": "user", "content": f"{given}: {text}"})
        # with the first question, since not every template has a place for a system's message
        turns[0]["content"] = f"{instruction}\n\n{turns[0]['content']}"
        # a model that thinks aloud would do so in the one line that it has; other templates have no such switch
        return self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )

    def _pairs(self, notation: str) -> Iterator[tuple[str, str]]:
        for number, example in enumerate(self.examples):
            if notation == ENGLISH:  # from each notation in turn
                yield example[column_of(NOTATIONS[number % len(NOTATIONS)])], example["english"]
            else:
                yield example["english"], example[column_of(notation)]

    def _translate(self, texts: list[str], notation: str) -> list[str]:
        prompts = self._tokenize([self.prompt(text, notation) for text in texts])
        examples, cache = self._read_examples(notation)
        length = common_prefix_length(examples, *prompts)  # a token may reach from the examples into the text
        cache = copy.deepcopy(cache)
        cache.crop(length - len(examples))
        cache.batch_repeat_interleave(len(texts))

        # Padding comes between the examples, which all rows share, and the rest of each row
        start = torch.tensor([examples[:length]] * len(texts))
        rests = self.tokenizer.pad(
            {"input_ids": [prompt[length:] for prompt in prompts]}, padding_side="left", return_tensors="pt"
        )
        tokens = torch.cat([start, rests["input_ids"]], dim=1)
        mask = torch.cat([torch.ones_like(start), rests["attention_mask"]], dim=1)
        self._check_room(tokens.shape[1])
        with torch.inference_mode():
            generated = self.model.generate(
                tokens.to(self.model.device),
                attention_mask=mask.to(self.model.device),
                past_key_values=cache,
                do_sample=False,
                max_new_tokens=MAX_NEW_TOKENS,
                stop_strings=["\n"],
                tokenizer=self.tokenizer,
            )
        answers = self.tokenizer.batch_decode(generated[:, tokens.shape[1] :], skip_special_tokens=True)
        return [answer.partition("\n")[0].strip() for answer in answers]

    def _read_examples(self, notation: str) -> tuple[list[int], Cache]:
        """The tokens that all prompts for a notation begin with, and the model's keys and values of them."""
        if notation not in self._read:
            one, other = self._tokenize([self.prompt(text, notation) for text in ("a", "7")])
            examples = one[: common_prefix_length(one, other)]
            self._check_room(len(examples))
            with torch.inference_mode():
                tokens = torch.tensor([examples], device=self.model.device)
                cache = self.model.base_model(tokens, use_cache=True).past_key_values  # no logits are needed
            self._read[notation] = examples, cache
        return self._read[notation]

    def _tokenize(self, prompts: list[str]) -> list[list[int]]:
        has_special_tokens = self.tokenizer.chat_template is not None  # the template has written them
        return self.tokenizer(prompts, add_special_tokens=not has_special_tokens)["input_ids"]

    def _check_room(self, length: int) -> None:
        positions = getattr(self.model.config, "max_position_embeddings", None)  # not every model has a limit
        if positions is not None and length + MAX_NEW_TOKENS > positions:
            raise ValueError(
                f"{len(self.examples)} examples and a text take {length} tokens, which leaves less than the "
                f"{MAX_NEW_TOKENS} for an answer of the model's {positions}: give fewer examples"
            )


def load_few_shot(name: str, examples: Dataset) -> FewShotTranslator:
    """Loads a general language model, onto the accelerators where there are any.

    Args:
        name: a folder, the name of a repository on the Hub, or a GGUF file in one of them.
        examples: rows for the prompt.

    Raises:
        ImportError: the file is GGUF, and the package that reads it is missing.
        OSError: there is no such model.
        ValueError: transformers cannot load a model of this kind.
    """
    place = {"pretrained_model_name_or_path": name}
    if name.endswith(".gguf"):
        if not is_gguf_available():
            raise ImportError("reading a GGUF file takes the package gguf: pip install gguf")
        place = {"pretrained_model_name_or_path": str(Path(name).parent), "gguf_file": Path(name).name}
    model = AutoModelForCausalLM.from_pretrained(**place, dtype="auto", device_map="auto")
    return FewShotTranslator(model, AutoTokenizer.from_pretrained(**place), examples)
