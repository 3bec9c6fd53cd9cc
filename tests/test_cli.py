"""The command `hlx`, as a process of its own."""

import json
import os
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hlx_models import LINES, trained_model

from hlx_hf import cli, load_tokenizer

TEXT, TARGET, TRANSLATION = LINES[0]
HLX = (sys.executable, "-m", "hlx_hf.cli")
REPO = "user/test"
UPLOAD = f"""
import sys, huggingface_hub as hub
hub.create_repo("{REPO}", private=True)
hub.upload_folder(repo_id="{REPO}", folder_path=sys.argv[1])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    trained_model().save_pretrained(path)
    load_tokenizer().save_pretrained(path)
    return path


def hlx(*arguments, stdin="", program=HLX, environment=None):
    environment = {**(environment or os.environ), "PYTHONIOENCODING": "ascii"}  # a terminal without the glyphs
    return subprocess.run(
        [*program, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
        timeout=120,
    )


def refused(run, code):
    assert run.returncode == code
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    return run.stderr


def test_the_installed_script_is_this_command():
    scripts = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]["scripts"]
    assert EntryPoint("hlx", scripts["hlx"], "console_scripts").load() is cli.main


def test_each_text_gives_its_answer_on_a_line(folder):
    texts = [text for text, _, _ in LINES[:2]]
    run = hlx("translate", *texts, "--to", "LC-R", "--model", folder)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [translation for _, _, translation in LINES[:2]]


def test_hlx_is_put_into_words(folder):
    text, target, translation = LINES[2]
    assert hlx("translate", text, "--to", target, "--model", folder).stdout == translation + "\n"


def test_lines_of_the_standard_input_are_answered_line_by_line(folder):
    run = hlx("translate", "--to", "LC-R", "--model", folder, stdin=f"{TEXT}\n\n{LINES[1][0]}\r\n{TEXT}")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.split("\n") == [TRANSLATION, "", LINES[1][2], TRANSLATION, ""]


def test_an_answer_comes_before_the_next_line_is_read(folder):
    with subprocess.Popen(
        [*HLX, "translate", "--to", "LC-R", "--model", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        process.stdin.write(f"{TEXT}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{TRANSLATION}\n"
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_reader_that_goes_away_is_no_traceback(folder):
    with subprocess.Popen(
        [*HLX, "translate", "--to", "LC-R", "--model", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        process.stdout.close()
        _, errors = process.communicate(f"{TEXT}\n" * 3, timeout=60)
    assert (process.returncode, errors) == (1, "")


def test_no_heavy_library_is_imported(folder):
    measured = (sys.executable, "-X", "importtime", "-m", "hlx_hf.cli")
    run = hlx("translate", TEXT, "--to", TARGET, "--model", folder, program=measured)
    assert run.stdout == TRANSLATION + "\n"
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in run.stderr.splitlines()}
    assert {"numpy", "hlx_hf"} <= imported
    assert imported.isdisjoint({"torch", "transformers", "datasets", "accelerate", "huggingface_hub"})


def test_a_model_on_the_hub_is_downloaded_once(folder, hub, tmp_path):
    hub.run("-c", UPLOAD, folder)
    offline = {**hub.environment, "HF_HUB_OFFLINE": "1"}
    for environment in (hub.environment, offline):
        run = hlx("translate", TEXT, "--to", TARGET, "--model", REPO, environment=environment)
        assert (run.returncode, run.stdout) == (0, TRANSLATION + "\n"), run.stderr


def test_wrong_usage_is_an_error_that_names_the_choices(folder):
    assert "COMMAND" in refused(hlx(), 2)
    assert "--to" in refused(hlx("translate", TEXT), 2)
    message = refused(hlx("translate", TEXT, "--to", TARGET, "--model", folder, "--num-beams", "0"), 1)
    assert "num_beams must be at least 1, not 0" in message
    message = refused(hlx("translate", TEXT, "--to", "LCX", "--model", folder), 2)
    assert all(name in message for name in ("'LCX'", "HLXL", "LC-R", "LC-T", "LC-B", "English"))
    message = refused(hlx("translate", TEXT, "--to", TARGET, "--abstain-below", "60"), 2)
    assert "a score is from 0 to 1, not 60" in message


def test_examples_are_those_on_the_page():
    page = Path(cli.__file__).with_name("README.md").read_text()
    assert f"$ hlx examples sort 103 --count 2\n{hlx('examples', 'sort', '103', '--count', 2).stdout}```" in page
    assert refused(hlx("examples", "sorrt"), 1) == "hlx: error: nothing is called 'sorrt'; did you mean 'sort'?\n"


def test_what_is_no_model_is_an_error_that_names_it(tmp_path):
    for name in (tmp_path / "nowhere", tmp_path, "no-such-user/no-such-model"):
        message = refused(hlx("translate", TEXT, "--to", TARGET, "--model", name), 1)
        assert message.startswith(f"hlx: error: no model at '{name}'")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    assert "'gpt2'" in refused(hlx("translate", TEXT, "--to", TARGET, "--model", tmp_path), 1)


def test_input_that_is_no_text_is_an_error(folder):
    command = [*map(str, HLX), "translate", "--to", TARGET, "--model", folder]
    run = subprocess.run(command, input=b"Op\x8een", capture_output=True, check=False, timeout=120)
    assert run.returncode == 1
    assert run.stderr.decode() == "hlx: error: what was read is not UTF-8: invalid start byte at byte 2\n"


def test_a_text_that_is_too_long_is_an_error_that_says_which(folder):
    run = hlx("translate", "--to", TARGET, "--model", folder, stdin=f"{TEXT}\n{'x' * 600}\n{TEXT}\n")
    assert (run.returncode, run.stdout) == (1, f"{TRANSLATION}\n\n{TRANSLATION}\n")  # those after it are answered
    assert run.stderr == (
        "hlx: error: text 2: the prompt takes 611 of the 512 tokens that it shares with its answer: shorten the text\n"
    )


@pytest.mark.parametrize(
    "options", [("--to", "LC-T"), ("--from", "LC-R", "--to", "LC-T"), ("--from", "lc_r", "--to", "lct")]
)
def test_hlx_is_converted_without_a_model(options):
    run = hlx("convert", "🜊14🜁0 42🜂", "⟁users", *options)
    assert (run.returncode, run.stdout, run.stderr) == (0, "{C:14,0=42}\n@users\n", "")


@pytest.mark.parametrize(("text", "answer"), [("42", "42\n"), ("", "")])
def test_a_closed_standard_input_is_done_without(text, answer):
    command = f"{shlex.join(HLX)} convert {text} --to LC-R <&-"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, answer, "")


def test_hlx_that_reads_in_no_notation_or_in_two_ways_is_not_converted():
    run = hlx("convert", "--to", "HLXL", stdin='["a"]\n{1000: \n\n[13]\n')
    assert (run.returncode, run.stdout) == (1, "\n\n\n[13]\n")
    first, second = run.stderr.splitlines()
    assert first.startswith('hlx: error: text 1: this has more than one meaning (["a"] in HLXL, ')
    assert ', "a" in LC-B)' in first
    assert second.startswith("hlx: error: text 2: this is HLX in no notation; as HLXL, E_")
    assert second.endswith("(line 1, column 8)")
    run = hlx("convert", "{1000: ", "--to", "LC-R", "--from", "HLXL")
    assert run.returncode == 1
    assert "E_" in run.stderr
