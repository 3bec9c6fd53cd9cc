"""The end of the plan: two English comprehension tests side by side, so that what was forgotten shows.

    python recipes/comparison.py ENGLISH_RESULTS HLX_ONLY_RESULTS --output comparison.md

The results are files that `recipes/comprehension.py` has written.
"""

import argparse
import json
import sys
from pathlib import Path

from hlx_hf.evaluation import comprehension_table
from hlx_hf.files import write_whole


def main() -> None:
    """Prints the table, and writes it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("english", type=Path, help="results of the model that was trained on English")
    parser.add_argument("hlx_only", type=Path, help="results of the engine that was trained on HLX alone")
    parser.add_argument("--output", type=Path, help="Markdown file of the table")
    arguments = parser.parse_args()
    tests = {}
    for title, path in {"English model": arguments.english, "HLX-only engine": arguments.hlx_only}.items():
        try:
            tests[title] = json.loads(path.read_text(encoding="utf-8"))
            table = comprehension_table(tests)
        except OSError as error:
            sys.exit(f"error: {error}")
        except (AttributeError, LookupError, TypeError, ValueError):
            sys.exit(f"error: {path} holds no results of recipes/comprehension.py")
    print(table)
    if arguments.output:
        write_whole(arguments.output, f"# English comprehension: what was forgotten\n\n{table}\n")


if __name__ == "__main__":
    main()
