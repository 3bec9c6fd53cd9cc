"""Turns a checkpoint of the PyTorch prototype into a model folder.

    python -m hlx_hf.convert checkpoint.pt DIR
    python -m hlx_hf.convert checkpoint.pt DIR --heads 8                 # sizes that are no preset's
    python -m hlx_hf.convert checkpoint.pt DIR --mapping characters.json # another vocabulary than the 115 tokens

The mapping is a JSON object of each character, and each of `<pad>`, `<bos>`, `<eos>` and `<unk>`, to its row in the
checkpoint: `{"<bos>": 0, "a": 17, "🜊": 81}`. Tokens that it lacks start untrained, and the command names them.
"""

import argparse
import sys
from pathlib import Path

from transformers.utils import logging

from .prototype import build_model, map_tokens, read_mapping, read_prototype
from .tokenization_hlx import load_tokenizer


def main() -> None:
    """Reads, maps and saves; says what came of it, or in one sentence what is wrong, with exit code 1."""
    arguments = parse_arguments()
    logging.disable_progress_bar()  # of writing weights
    tokenizer = load_tokenizer()
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    try:
        weights, epoch = read_prototype(arguments.checkpoint)
        new_tokens = []
        if arguments.mapping:
            weights, new_tokens = map_tokens(weights, read_mapping(arguments.mapping), tokens)
        model = build_model(weights, arguments.heads)
        config = model.config
        if config.vocab_size != len(tokens):
            raise ValueError(
                f"{arguments.checkpoint} has {config.vocab_size} tokens, and HLX has {len(tokens)}: say which row "
                "belongs to which character with --mapping FILE"
            )
        arguments.folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(arguments.folder)
        tokenizer.model_max_length = config.max_position_embeddings
        tokenizer.save_pretrained(arguments.folder)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")

    saved_after = "" if epoch is None else f", saved after epoch {epoch}"
    print(
        f"{arguments.checkpoint}{saved_after}: {config.num_hidden_layers} layers of width {config.hidden_size} with "
        f"{config.num_attention_heads} heads, {model.num_parameters():,} parameters"
    )
    if new_tokens:
        print(f"untrained, for the mapping lacks them: {' '.join(map(repr, new_tokens))}")
    print(f"model folder: {arguments.folder}")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m hlx_hf.convert", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="the .pt file")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to save the model")
    parser.add_argument(
        "--heads", type=int, help="attention heads of a layer; those of the matching preset if left out"
    )
    parser.add_argument("--mapping", type=Path, help="JSON file of characters to rows; the 115 tokens if left out")
    arguments = parser.parse_args()
    if arguments.heads is not None and arguments.heads < 1:
        parser.error(f"--heads must be at least 1, not {arguments.heads}")
    return arguments


if __name__ == "__main__":
    main()
else:  # as a module of this name it would hide the function `hlx_hf.convert`
    raise ImportError("python -m hlx_hf.convert is a command only; what it does can be imported from hlx_hf.prototype")
