"""Saves a folder with random weights of the tiny preset and the tokenizer: `python tests/save_tiny_model.py DIR`.

Attention goes both ways within prompts, since that is masked in another way in transformers 4.
"""

import sys

import torch
from hlx_models import ARROWS

from hlx_hf import HLXConfig, HLXForCausalLM, load_tokenizer

torch.manual_seed(0)
HLXForCausalLM(HLXConfig.from_preset("tiny", prompt_end_token_ids=ARROWS)).save_pretrained(sys.argv[1])
load_tokenizer().save_pretrained(sys.argv[1])
