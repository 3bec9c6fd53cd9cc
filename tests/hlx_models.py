"""Models for the tests: one too small to be of use, and one that knows three lines by heart."""

from functools import cache

import torch

from hlx_hf import HLXConfig, HLXForCausalLM, load_tokenizer
from hlx_hf.lines_hlx import TO_ENGLISH, TO_HLX, line_prompt

ARROWS = load_tokenizer().convert_tokens_to_ids([TO_HLX, TO_ENGLISH])  # which end prompts

# text, what it is translated into, translation
LINES = (
    ("Search for documents", "LC-R", '🜊1000🜁0 "search"🜁1 ⟁documents🜂'),
    ("{C:14,0=42}", "LC-R", "🜊14🜁0 42🜂"),
    ('{C:1000,0="search",1=@documents}', "English", "Search for documents"),
)


def small_model(**overrides) -> HLXForCausalLM:
    """Two layers of width 32 and 64 positions, every weight and bias random, always the same."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 64}
    model = HLXForCausalLM(HLXConfig(**{**sizes, **overrides}))
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        parameter.data.normal_(std=1.0 if "embed" in name else 0.2, generator=generator)
    return model.eval()


def line_batch() -> dict[str, torch.Tensor]:
    """The three lines, padded on the right, with labels on the translations."""
    tokenizer = load_tokenizer()
    prompts = [line_prompt(text, target) for text, target, _ in LINES]
    lines = [prompt + translation for prompt, (_, _, translation) in zip(prompts, LINES, strict=True)]
    batch = tokenizer(lines, padding=True, padding_side="right", return_tensors="pt")
    end = torch.full((len(lines), 1), tokenizer.pad_token_id)
    input_ids = torch.cat([batch["input_ids"], end], dim=1)
    labels = torch.full_like(input_ids, -100)
    for row, (prompt, line) in enumerate(zip(prompts, lines, strict=True)):
        start, stop = 1 + len(prompt), 1 + len(line)  # after <bos>
        input_ids[row, stop] = tokenizer.eos_token_id
        labels[row, start : stop + 1] = input_ids[row, start : stop + 1]
    return {"input_ids": input_ids, "labels": labels}


@cache
def trained_model() -> HLXForCausalLM:
    """The tiny preset, trained on `LINES` until it makes no mistake."""
    torch.manual_seed(0)
    model = HLXForCausalLM(HLXConfig.from_preset("tiny")).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch = line_batch()
    for _ in range(80):
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()
