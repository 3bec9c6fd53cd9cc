"""Uses a saved model folder in a process that cannot import this package: `python tests/standalone_inference.py DIR`.

Needs nothing but torch and transformers, 4.57 or 5. Checks what a user of the folder relies on and prints the
translations of `TEXTS` as JSON.
"""

import json
import os
import sys
import tempfile

sys.modules["hlx_hf"] = None  # an import of it fails from here on
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402 - what is above must come first
from transformers import AutoModelForCausalLM, AutoTokenizer, Pipeline, pipeline  # noqa: E402

TEXTS = ("Search for documents", "{C:14,0=42}")
ODD_TEXTS = ("<bos> is text", " two  blanks ", "line\n\tline", "→ 🜊 ←")
NEW_TOKENS = 40


def main(folder: str) -> None:
    translate = load(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    assert type(model).__module__.startswith("transformers_modules."), type(model)

    # The tokenizer loses nothing
    for text in ODD_TEXTS:
        tokens = tokenizer(text)["input_ids"]
        assert (tokens[0], len(tokens)) == (tokenizer.bos_token_id, len(text) + 1), text
        assert tokenizer.decode(tokens, skip_special_tokens=True) == text

    # The answers are what the model appends to the prompts, and only that
    answers = [translate(text, notation="LC-R", max_new_tokens=NEW_TOKENS) for text in TEXTS]
    for text, (answer,) in zip(TEXTS, answers, strict=True):
        prompt = tokenizer(f"[LC-R] {text} → ", return_tensors="pt")
        tokens = model.generate(**prompt, do_sample=False, max_new_tokens=NEW_TOKENS, use_cache=False)
        appended = tokens[0, prompt["input_ids"].shape[1] :]
        assert answer == {"generated_text": tokenizer.decode(appended, skip_special_tokens=True)}, (text, answer)

    # Batches and a static cache change nothing
    assert translate(list(TEXTS), notation="LC-R", max_new_tokens=NEW_TOKENS, batch_size=len(TEXTS)) == [
        a for (a,) in answers
    ]
    static = {"cache_implementation": "static", "disable_compile": True}
    assert translate(TEXTS[0], notation="LC-R", max_new_tokens=NEW_TOKENS, **static) == answers[0]

    # A search finds several, the likeliest first
    options = {"num_return_sequences": 2, "return_scores": True}
    first, second = translate(TEXTS[0], notation="LC-R", max_new_tokens=NEW_TOKENS, **options)
    assert first["score"] >= second["score"]

    # A copy of the folder changes nothing
    with tempfile.TemporaryDirectory() as copy:
        translate.save_pretrained(copy)
        assert load(copy)(TEXTS[0], notation="LC-R", max_new_tokens=NEW_TOKENS) == answers[0]

    # Training and evaluation give the logits of every row alone, too
    batch = tokenizer(list(TEXTS), padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**batch).logits
        for row, text in enumerate(TEXTS):
            alone = model(**tokenizer(text, return_tensors="pt")).logits[0]
            torch.testing.assert_close(logits[row, -len(alone) :], alone, atol=1e-5, rtol=0)

    print(json.dumps([answer["generated_text"] for (answer,) in answers], ensure_ascii=False))


def load(folder: str) -> Pipeline:
    return pipeline("text2text-generation", model=folder, trust_remote_code=True, device="cpu")


if __name__ == "__main__":
    main(sys.argv[1])
