"""Uses a saved model folder in a process that cannot import `hlx_hf`: `python tests/standalone_inference.py DIR`.

Prints the answers as JSON. The tests run it here, and `make compat` with transformers 4.
"""

import json
import sys

sys.modules["hlx_hf"] = None  # an import of it is an ImportError from here on

from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline  # noqa: E402

TEXT = "Search for documents"


def main(folder: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    text = " <bos> a  b\n🜊→"
    assert len(tokenizer) == 115
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text

    translate = pipeline("text2text-generation", model=folder, trust_remote_code=True)
    (alone,) = translate(TEXT, notation="LC-R", max_new_tokens=24)
    batch = translate([TEXT, "Open the door", "x"], notation="LC-R", max_new_tokens=24, batch_size=3)
    assert batch[0] == alone, (batch[0], alone)
    assert TEXT not in alone["generated_text"]

    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
    prompt = tokenizer(f"[LC-R] {TEXT} → ", return_tensors="pt")
    options = {"max_new_tokens": 24, "do_sample": False}
    cached = model.generate(**prompt, **options)
    static = model.generate(**prompt, **options, cache_implementation="static", disable_compile=True)
    uncached = model.generate(**prompt, **options, use_cache=False)
    assert cached.tolist() == uncached.tolist() == static.tolist()
    answer = tokenizer.decode(cached[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert answer == alone["generated_text"], (answer, alone)

    print(json.dumps([alone, *batch], ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1])
