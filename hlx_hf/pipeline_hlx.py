"""The pipeline that turns English into HLX, HLX into English, and one notation into another.

`save_pretrained` copies this file beside the weights, where `transformers.pipeline("text2text-generation", model=DIR,
trust_remote_code=True)` finds it: it imports nothing of the package but `lines_hlx`, which is copied with it.
"""

from typing import Any

import torch
from transformers import GenerationConfig, Pipeline

from .lines_hlx import ENGLISH, NOTATIONS, line_prompt, to_alphabet


class HLXPipeline(Pipeline):
    """Translates with an HLX model and its tokenizer.

    Besides the arguments of every `transformers.Pipeline`, both the constructor and the call take `notation` and the
    arguments of `generate`; a call's come before the constructor's. Decoding is greedy, and ends with `<eos>` or at
    the model's last position, unless they say otherwise.
    """

    _load_tokenizer = True
    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False

    def __call__(
        self, inputs: str | list[str], notation: str | None = None, **kwargs: Any
    ) -> list[dict[str, str]] | list[list[dict[str, str]]]:
        """Translates one text or many.

        Args:
            inputs: a text, or a list of texts. Characters that are no tokens are brought into the alphabet.
            notation: what to translate into: "HLXL", "LC-R", "LC-T", "LC-B", or "English" for HLX in any notation.
            **kwargs: `batch_size`, and the arguments of `generate`. `max_length` counts the tokens of each text's own
                prompt and answer, whatever the batch that it is in.

        Returns:
            For a text `[{"generated_text": answer}]`, of one item for each of `num_return_sequences`. For a list the
            answers in its order, as transformers 4 gives them for this task: `{"generated_text": answer}` for each
            text, or a list of these where there are several.

        Raises:
            ValueError: no notation, or an unknown one; or a prompt that leaves no room for an answer.
        """
        if isinstance(inputs, list) and not inputs:
            return []
        outputs = super().__call__(inputs, notation=notation, **kwargs)
        if isinstance(inputs, list) and all(len(answers) == 1 for answers in outputs):
            return [answer for (answer,) in outputs]
        return outputs

    def _sanitize_parameters(
        self, notation: str | None = None, generation_config: GenerationConfig | None = None, **generate_kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        preprocess_kwargs = {} if notation is None else {"notation": notation}
        if generation_config is not None:
            settings = generation_config.to_diff_dict()
            settings.pop("transformers_version", None)
            generate_kwargs = {**settings, **generate_kwargs}
        return preprocess_kwargs, generate_kwargs, {}

    def preprocess(self, text: str, notation: str | None = None) -> dict[str, torch.Tensor]:
        if notation is None:
            raise ValueError(f"say what to translate into: notation= one of {', '.join((*NOTATIONS, ENGLISH))}")
        prompt = line_prompt(to_alphabet(text, self.tokenizer.get_vocab()), notation)
        return self.tokenizer(prompt, return_tensors="pt")

    def _forward(self, model_inputs: dict[str, torch.Tensor], **generate_kwargs: Any) -> dict[str, list[torch.Tensor]]:
        """Returns `answers`: for each row the token ids that were appended, of shape (sequences, tokens)."""
        settings = {"do_sample": False, **generate_kwargs}
        positions = self.model.config.max_position_embeddings
        max_length = min(settings.pop("max_length", None) or positions, positions)
        max_new_tokens = settings.pop("max_new_tokens", None) or max_length
        rows, width = model_inputs["input_ids"].shape
        room = min(max_new_tokens, max_length - width)
        if width >= max_length:
            raise ValueError(
                f"the prompt takes {width} of the {max_length} tokens that it shares with its answer: shorten the text"
            )
        tokens = self.model.generate(**model_inputs, max_new_tokens=room, **settings)[:, width:]
        answers = list(tokens.unflatten(0, (rows, -1)))

        # Padding takes room from the short rows of a batch: those that did not come to an end start over, alone.
        end = torch.tensor(
            settings.get("eos_token_id", self.model.generation_config.eos_token_id), device=tokens.device
        )
        for row, length in enumerate(model_inputs["attention_mask"].sum(dim=1).tolist()):
            had_less = tokens.shape[1] == room < min(max_new_tokens, max_length - length)
            if had_less and not torch.isin(answers[row], end).any(dim=1).all():
                alone = {name: tensor[row : row + 1, width - length :] for name, tensor in model_inputs.items()}
                (answers[row],) = self._forward(alone, **generate_kwargs)["answers"]
        return {"answers": answers}

    def postprocess(self, model_outputs: dict[str, list[torch.Tensor]]) -> list[dict[str, str]]:
        (answer,) = model_outputs["answers"]
        texts = self.tokenizer.batch_decode(answer, skip_special_tokens=True)
        return [{"generated_text": text} for text in texts]
