"""The character tokenizer of HLX: 115 tokens, and nothing is lost in either direction.

python -m hlx_hf.tokenization_hlx DIR      # writes the tokenizer's folder; the repository's own is `tokenizer/`
"""

import sys

from tokenizers import Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from . import lines_hlx
from .formats.notations import GLYPHS
from .lines_hlx import TO_ENGLISH, TO_HLX

SPECIAL_TOKENS = PAD, BOS, EOS, UNK = ("<pad>", "<bos>", "<eos>", "<unk>")
PRINTABLE_ASCII = "".join(map(chr, range(0x20, 0x7F)))
ALPHABET = PRINTABLE_ASCII + "\n\t" + GLYPHS + TO_HLX + TO_ENGLISH
"""Every character that is a token, in the order of the ids, which follow those of the special tokens."""

MAX_LENGTH = 512  # tokens that the presets of `HLXConfig` have positions for


class HLXTokenizer(PreTrainedTokenizerFast):
    """A `PreTrainedTokenizerFast` that is saved under that name, which transformers 4 and 5 both load.

    The class itself goes by another name in transformers 5, and would write that one, which 4 does not know.
    """

    can_save_slow_tokenizer = False  # otherwise "Fast" is cut off the name


HLXTokenizer.__name__ = "PreTrainedTokenizerFast"


def load_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, made from the alphabet; `AutoTokenizer` gives the same for the folder of any HLX model.

    Encoding puts `<bos>` in front and appends nothing. Text that spells out a special token is encoded as the
    characters that it is.
    """
    vocabulary = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *ALPHABET))}
    # BPE without merges never joins two characters, and is the fastest of the models that give one token to each.
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token=UNK))
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.decoder = Fuse()
    tokenizer.post_processor = TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, vocabulary[BOS])])
    return HLXTokenizer(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        padding_side="left",  # generation continues at the right end of every row
        split_special_tokens=True,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=MAX_LENGTH,
    )


def to_alphabet(text: str) -> str:
    r"""NFKC, then every character that is no token as its `\uXXXX` escape, so that the result encodes without `<unk>`.

    Args:
        text: any string; characters above U+FFFF that are no tokens become two escapes, a surrogate pair.
    """
    return lines_hlx.to_alphabet(text, ALPHABET)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m hlx_hf.tokenization_hlx DIR")
    load_tokenizer().save_pretrained(sys.argv[1])
