"""The command `hlx`: translation and the overnight plan from the shell.

    hlx translate "Search for documents" --to LC-R
    hlx translate --to English --model hlx_only < lines.txt
    hlx plan run --scale tiny --output runs/plan

Each subcommand is a function that adds its parser and one that runs it. What only one of them needs is imported where
it runs, so that no command waits for the libraries of another.
"""

import argparse
import os
import sys

from .inference import SHIPPED_MODELS, find_model
from .lines_hlx import ENGLISH, NOTATIONS
from .plan.cli import add_plan
from .runtime import Translator

INTERRUPTED = 130  # what a shell returns for a command that Ctrl-C has ended


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: those of the process if None.

    Returns:
        The exit code: 0; 1 if a model or a text is at fault; 130 if interrupted. Wrong usage exits with 2 by itself.
    """
    parser = argparse.ArgumentParser(prog="hlx", description="HLX from the shell.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_translate(commands)
    add_plan(commands)
    options = parser.parse_args(arguments)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8")  # whatever the locale, for that of Windows has no glyphs
    try:
        options.run(options)
    except BrokenPipeError:  # who reads our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError) as error:
        print(f"hlx: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def add_translate(commands: argparse._SubParsersAction) -> None:
    """Adds `hlx translate`."""
    about = "Turn English into HLX, HLX into English, and one notation into another."
    parser = commands.add_parser("translate", help=about, description=f"{about} Prints one answer a line.")
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="what to translate; lines of the standard input if none"
    )
    parser.add_argument("--to", required=True, choices=(*NOTATIONS, ENGLISH), help="what to translate into")
    parser.add_argument(
        "--model",
        default=SHIPPED_MODELS[0],
        help=f"{' or '.join(SHIPPED_MODELS)}, which come with the package, a folder, or a repository on the Hub; "
        "default: %(default)s",
    )
    parser.set_defaults(run=translate)


def translate(options: argparse.Namespace) -> None:
    """Prints the answer to each text as soon as it is there, and an empty line for an empty text."""
    translator = Translator(find_model(options.model), notation=options.to)
    texts = options.texts or (line.rstrip("\r\n") for line in sys.stdin)
    for number, text in enumerate(texts, start=1):
        try:
            answer = translator(text)[0]["generated_text"] if text.strip() else ""
        except ValueError as error:
            raise ValueError(f"text {number}: {error}") from error
        print(answer.replace("\n", " "), flush=True)  # either is a blank between the tokens of HLX


if __name__ == "__main__":
    sys.exit(main())
