"""The command `hlx`: translation, conversion, examples, pushes to the Hub and the plan from the shell.

    hlx translate "Search for documents" --to LC-R
    hlx translate --to English < lines.txt
    hlx convert '{"name": "x"}' --to LC-R
    hlx examples sort filter --count 3
    hlx push runs/english_tiny/english_tiny_epoch265 user/hlx-english
    hlx plan run --scale tiny --output runs/plan

Each subcommand is a function that adds its parser and one that runs it. What only one of them needs is imported where
it runs, so that no command waits for the libraries of another.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from . import __version__, formats
from .inference import SHIPPED_MODELS, find_model
from .lines_hlx import ENGLISH, NOTATIONS
from .plan.cli import add_plan
from .runtime import Translator

_LINES = "Prints one line a text, empty where the text is empty or at fault."
INTERRUPTED = 130  # what a shell returns for a command that Ctrl-C has ended


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: those of the process if None.

    Returns:
        The exit code: 0; 1 if a model, a text or the Hub is at fault; 77 if the Hub refuses; 130 if
        interrupted. Wrong usage exits with 2 by itself.
    """
    parser = argparse.ArgumentParser(prog="hlx", description="HLX from the shell.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_translate(commands)
    add_convert(commands)
    add_examples(commands)
    add_push(commands)
    add_plan(commands)
    options = parser.parse_args(arguments)
    for stream in filter(None, (sys.stdin, sys.stdout)):  # one that the shell has closed is None
        stream.reconfigure(encoding="utf-8")  # whatever the locale, for that of Windows has no glyphs
    try:
        options.run(options)
    except BrokenPipeError:  # who reads our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UnicodeDecodeError as error:
        print(f"hlx: error: what was read is not UTF-8: {error.reason} at byte {error.start}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"hlx: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def add_translate(commands: argparse._SubParsersAction) -> None:
    """Adds `hlx translate`."""
    about = "Turn English into HLX, or HLX into English, with a model."
    parser = commands.add_parser("translate", help=about, description=f"{about} {_LINES}")
    _add_texts(parser, "what to translate")
    parser.add_argument(
        "--to", required=True, type=_notation, choices=(*NOTATIONS, ENGLISH), help="what to translate into"
    )
    parser.add_argument(
        "--model",
        default=SHIPPED_MODELS[0],
        help=f"{' or '.join(SHIPPED_MODELS)}, which come with the package, a folder, or a repository on the Hub; "
        "default: %(default)s",
    )
    parser.add_argument(
        "--num-beams",
        type=int,
        metavar="N",
        help="answers to look for, the best of which is printed; with 1, the likeliest character is taken each time; "
        "default: what the model's folder says",
    )
    parser.add_argument(
        "--stepwise",
        action=argparse.BooleanOptionalAction,
        help="whether the steps of a request are translated on their own as well; "
        "default: where the model's folder has a lexicon.json",
    )
    parser.add_argument(
        "--verified",
        action=argparse.BooleanOptionalAction,
        help="with --to English: whether it is put back into HLX, and said otherwise where another value comes of it; "
        "default: where the model's folder has a lexicon.json",
    )
    parser.add_argument("--scores", action="store_true", help="each answer behind its score, from 0 to 1, and a tab")
    parser.add_argument(
        "--abstain-below", type=_score, metavar="SCORE", help="answer null where the score of an answer is below this"
    )
    parser.set_defaults(run=translate)


def translate(options: argparse.Namespace) -> None:
    """Prints the answer to each text as soon as it is there."""
    translator = Translator(
        find_model(options.model),
        notation=options.to,
        num_beams=options.num_beams,
        stepwise=options.stepwise,
        verified=options.verified,
        return_scores=True,
        abstain_below=options.abstain_below,
    )

    def answer(text: str) -> str:
        (result,) = translator(text)
        score = f"{result['score']:.3f}\t" if options.scores else ""
        return score + result["generated_text"].replace("\n", " ")  # either is a blank between tokens

    _answer_each(options.texts, answer)


def add_convert(commands: argparse._SubParsersAction) -> None:
    """Adds `hlx convert`."""
    about = "Put HLX from one notation into another, exactly and without a model."
    parser = commands.add_parser("convert", help=about, description=f"{about} {_LINES}")
    _add_texts(parser, "HLX")
    parser.add_argument("--to", required=True, type=_notation, choices=NOTATIONS, help="the notation of the answers")
    parser.add_argument(
        "--from",
        dest="source",
        type=_notation,
        choices=NOTATIONS,
        help="the notation of the texts; the one that they read in if none",
    )
    parser.set_defaults(run=convert)


def convert(options: argparse.Namespace) -> None:
    """Prints each text in another notation."""

    def answer(text: str) -> str:
        return formats.convert(text, options.source or formats.notation_of(text), options.to)

    _answer_each(options.texts, answer)


def add_examples(commands: argparse._SubParsersAction) -> None:
    """Adds `hlx examples`."""
    about = "Show sentences that ask for operations and contracts, and their HLX."
    parser = commands.add_parser("examples", help=about, description=about)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="operations or contract ids, such as sort, 105 or value; all if none"
    )
    parser.add_argument("--count", type=int, default=1, metavar="N", help="sentences of each; default: %(default)s")
    parser.add_argument(
        "--to", type=_notation, choices=NOTATIONS, default="HLXL", help="the notation; default: %(default)s"
    )
    parser.set_defaults(run=examples)


def examples(options: argparse.Namespace) -> None:
    """Prints each sentence with its HLX in the line below."""
    from .corpus.generator.examples import examples_of  # its word lists take a second

    for english, value in examples_of(options.names, options.count):
        print(f"{english}\n    {formats.dumps(value, options.to)}")


def _notation(text: str) -> str:
    """The name as it is written, of one in whatever capitals and without its hyphen: "LC-R" of "lcr"."""
    plain = {known.lower().replace("-", ""): known for known in (*NOTATIONS, ENGLISH)}
    return plain.get(text.lower().replace("-", "").replace("_", ""), text)


def _score(text: str) -> float:
    score = float(text)
    if not 0 <= score <= 1:
        raise argparse.ArgumentTypeError(f"a score is from 0 to 1, not {text}")
    return score


def _add_texts(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("texts", nargs="*", metavar="TEXT", help=f"{what}; lines of the standard input if none")


def _answer_each(texts: list[str], answer: Callable[[str], str]) -> None:
    """Prints a line for each text, and exits with 1 at the end if one was at fault."""
    at_fault = False
    for number, text in enumerate(texts or (line.rstrip("\r\n") for line in sys.stdin or ()), start=1):
        line = ""
        if text.strip():
            try:
                line = answer(text)
            except ValueError as error:
                print(f"hlx: error: text {number}: {error}", file=sys.stderr, flush=True)
                at_fault = True
        print(line, flush=True)
    if at_fault:
        sys.exit(1)


def add_push(commands: argparse._SubParsersAction) -> None:
    """Adds `hlx push`."""
    about = "Push a model to the Hub: its own files, and nothing else of the folder."
    parser = commands.add_parser("push", help=about, description=about)
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="a model; without REPO, the output_dir of a training that could not push",
    )
    parser.add_argument("repo", nargs="?", metavar="REPO", help="the repository, which is made if it is not there")
    parser.add_argument("--public", action="store_true", help="a repository that is made is private otherwise")
    parser.add_argument("--revision", help="branch to push to, made if it is not there; default: main")
    parser.set_defaults(run=push)


def push(options: argparse.Namespace) -> None:
    """Pushes a folder, or what a training has noted to be pushed, and prints the address of each commit."""
    from . import hub

    try:
        if options.repo:
            order = hub.Push(
                folder=str(options.folder),
                repo=options.repo,
                message=options.folder.resolve().name,
                private=not options.public,
                revision=options.revision,
            )
            print(hub.push(order))
        elif options.public or options.revision:
            raise ValueError("--public and --revision go with a REPO; a training has noted its own")
        elif not hub.noted(options.folder):
            raise ValueError(
                f"no training has left anything to push in {options.folder}: name a REPO to push a model to"
            )
        else:
            for line in hub.push_noted(options.folder):
                print(line, flush=True)
    except hub.HubRefusedError as error:
        print(f"hlx: error: {error}", file=sys.stderr)
        sys.exit(hub.REFUSED)


if __name__ == "__main__":
    sys.exit(main())
