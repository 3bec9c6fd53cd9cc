"""Greedy answers of a model to many prompts, in batches."""

from collections.abc import Sequence

import torch
from tqdm.auto import tqdm

from ..pipeline_hlx import HLXPipeline


def answers(pipe: HLXPipeline, texts: Sequence[str], notations: Sequence[str], batch_size: int = 64) -> list[str]:
    """What the model answers to each text, asked for in the notation beside it ("English" included)."""
    found = [""] * len(texts)
    with tqdm(total=len(texts), desc="generating", unit="answer", leave=False) as progress:
        for notation in dict.fromkeys(notations):
            # neighbours of like length leave little padding
            rows = sorted((len(text), row) for row, text in enumerate(texts) if notations[row] == notation)
            for start in range(0, len(rows), batch_size):
                batch = [row for _, row in rows[start : start + batch_size]]
                outputs = pipe([texts[row] for row in batch], notation=notation, batch_size=len(batch))
                for row, (output,) in zip(batch, outputs, strict=True):
                    found[row] = output["generated_text"]
                progress.update(len(batch))
    return found


def continuations(pipe: HLXPipeline, starts: Sequence[str], batch_size: int = 64) -> list[str]:
    """What the model appends to the beginning of each HLX text, for models that were trained to complete lines."""
    found = []
    for start in tqdm(range(0, len(starts), batch_size), desc="completing", unit="batch", leave=False):
        batch = pipe.tokenizer(list(starts[start : start + batch_size]), padding=True, return_tensors="pt")
        batch = batch.to(pipe.model.device)
        with torch.inference_mode():
            tokens = pipe.model.generate(**batch, do_sample=False, max_length=pipe.model.config.max_position_embeddings)
        appended = tokens[:, batch["input_ids"].shape[1] :]
        found += pipe.tokenizer.batch_decode(appended, skip_special_tokens=True)
    return found
