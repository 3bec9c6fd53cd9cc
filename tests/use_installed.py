"""What a user of the installed package needs at run time, away from the clone: `make wheel` runs it."""

from pathlib import Path

import hlx_hf
import hlx_hf.inference

assert Path(hlx_hf.__file__).is_relative_to(Path.cwd()), f"{hlx_hf.__file__} is not the installed package"

rows = {name: hlx_hf.load_corpus(name).num_rows for name in ("all_variants", "hlx_only", "comprehension")}
assert rows == {"all_variants": 164, "hlx_only": 656, "comprehension": 28}, rows

tokenizer = hlx_hf.load_tokenizer()
assert len(tokenizer) == 115

scores = hlx_hf.load_metric().compute(predictions=["[0x2a]"], references=["[0x2A]"], levels=[1], notations=["LC-B"])
assert scores["overall"]["exact_accuracy"] == 1.0

questions = {
    "english": ("Search for documents", '{C:1000,0="search",1=@documents}'),
    "hlx_only": ("🜊14🜁0 42🜂", "{C:14,0=42}"),
}
for name in hlx_hf.inference.SHIPPED_MODELS:
    question, right = questions[name]
    (answer,) = hlx_hf.pipeline(name)(question, notation="LC-T")
    assert answer == {"generated_text": right}, (name, answer)

print(f"the installed package has its corpora {rows}, its tokenizer, its metric and its models")
