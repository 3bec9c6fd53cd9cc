"""The `text2text-generation` pipeline of HLX models: English to a notation, HLX to English, notation to notation.

It stands alone, with `lines_hlx.py`, beside the weights of every saved model.
"""

from typing import Any

import torch
from transformers import Pipeline

from .lines_hlx import ENGLISH, NOTATIONS, line_prompt, to_alphabet


class HLXPipeline(Pipeline):
    """Answers a text in the notation it is asked for, and returns the answer alone.

    >>> translate("Search for documents", notation="LC-R")  # doctest: +SKIP
    [{'generated_text': '🜊1000🜁0 "search"🜁1 ⟁documents🜂'}]

    `notation` is "HLXL", "LC-R", "LC-T", "LC-B", or "English" to have HLX put into words. It and all arguments of
    `generate` can be given to the pipeline or to a call. Decoding is greedy by default, and goes on to `<eos>` or to
    the last position of the model.
    """

    _load_processor = False
    _load_image_processor = False
    _load_feature_extractor = False
    _load_tokenizer = True

    def _sanitize_parameters(
        self, notation: str | None = None, **generate_kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return {} if notation is None else {"notation": notation}, generate_kwargs, {}

    def __call__(self, inputs: str | list[str], **kwargs: Any) -> list[dict[str, str]] | list[list[dict[str, str]]]:
        """Answers one text or several.

        Args:
            inputs: English or HLX.
            kwargs: `notation`, `batch_size`, and arguments of `generate`.

        Returns:
            A list of `{"generated_text": answer}`: one for each of several texts, and for one text as many as
            `num_return_sequences` asks for. Several texts with several answers each give a list of lists.

        Raises:
            ValueError: no notation is given or it is unknown, or a text is too long for the model.
        """
        outputs = super().__call__(inputs, **kwargs)
        if isinstance(inputs, list) and all(len(answers) == 1 for answers in outputs):
            return [answers[0] for answers in outputs]
        return outputs

    def preprocess(self, inputs: str, notation: str | None = None) -> dict[str, torch.Tensor]:
        if notation is None:
            raise ValueError(f"say what to answer in, notation=one of {', '.join((*NOTATIONS, ENGLISH))}")
        prompt = line_prompt(to_alphabet(inputs, self.tokenizer.get_vocab()), notation)
        # "<eos>" spelled out by a user is text, and ends nothing
        encoded = self.tokenizer(prompt, return_tensors="pt", split_special_tokens=True)
        length, most = encoded["input_ids"].shape[1], self.model.config.max_position_embeddings
        if length >= most:
            raise ValueError(
                f"the text takes {length} tokens with its line, and the model has positions for {most} with the "
                "answer: cut it into shorter texts"
            )
        return {name: encoded[name] for name in ("input_ids", "attention_mask")}

    def _forward(self, inputs: dict[str, torch.Tensor], **generate_kwargs: Any) -> dict[str, torch.Tensor]:
        generate_kwargs.setdefault("do_sample", False)
        if "max_new_tokens" not in generate_kwargs:
            generate_kwargs.setdefault("max_length", self.model.config.max_position_embeddings)
        tokens = self.model.generate(**inputs, **generate_kwargs)
        count, prompt_length = inputs["input_ids"].shape
        # one row a text, its answers in it, so that the base class can take a batch apart
        return {"answers": tokens[:, prompt_length:].reshape(count, tokens.shape[0] // count, -1)}

    def postprocess(self, outputs: dict[str, torch.Tensor]) -> list[dict[str, str]]:
        answers = outputs["answers"][0]
        return [{"generated_text": self.tokenizer.decode(answer, skip_special_tokens=True)} for answer in answers]
