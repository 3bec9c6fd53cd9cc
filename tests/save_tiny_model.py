"""Saves a folder with random weights of the tiny preset and the tokenizer: `python tests/save_tiny_model.py DIR`.

Attention goes both ways within prompts, since that is masked in another way in transformers 4.
"""

import sys

import torch

from hlx_hf import HLXConfig, HLXForCausalLM, load_tokenizer
from hlx_hf.lines_hlx import TO_ENGLISH, TO_HLX

torch.manual_seed(0)
tokenizer = load_tokenizer()
ends = tokenizer.convert_tokens_to_ids([TO_HLX, TO_ENGLISH])
HLXForCausalLM(HLXConfig.from_preset("tiny", prompt_end_token_ids=ends)).save_pretrained(sys.argv[1])
tokenizer.save_pretrained(sys.argv[1])
