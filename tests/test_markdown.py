"""Markdown corpora: what is read, what is passed over, and what is reported with file and line."""

import random

import pytest

from hlx_hf.corpus import read_markdown
from hlx_hf.formats import Contract, Handle, dumps
from hlx_hf.lines_hlx import NOTATIONS

FILTER = Contract(1000, {0: "filter", 1: Handle("users"), 2: Handle("active")})
FILTER_BLOCK = """\
English: Filter active users
HLXL: {1000: {@0: "filter", @1: &h_users, @2: &h_active}}
LC-R: 🜊1000🜁0 "filter"🜁1 ⟁users🜁2 ⟁active🜂
LC-T: {C:1000,0="filter",1=@users,2=@active}
LC-B: [1000|0:"filter"|1:&users|2:&active]
"""


@pytest.fixture
def read(tmp_path):
    """Writes a file and reads it: the blocks as (line, english, value), and the problems as (line, message)."""

    def read(content: str | bytes):
        path = tmp_path / "corpus.md"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        blocks, problems = read_markdown(str(path))
        assert {part.path for part in [*blocks, *problems]} <= {str(path)}
        return (
            [(block.line, block.english, block.value) for block in blocks],
            [(problem.line, problem.message) for problem in problems],
        )

    return read


def value_of(rng: random.Random):
    """A value that differs from most others."""
    handle = Handle(f"thing_{rng.randrange(10**6)}")
    return rng.choice(
        [
            Contract(1000, {0: "limit", 1: handle, 2: rng.randrange(10**6)}),
            {"key": rng.random(), "c d": "ü \u2028 \n" + handle.name},
            [handle, rng.randbytes(5), None, rng.random() < 0.5],
        ]
    )


def test_a_block_in_four_notations_is_one_value(read):
    assert read(FILTER_BLOCK) == ([(1, "Filter active users", FILTER)], [])


@pytest.mark.parametrize("notation", NOTATIONS)
def test_one_notation_is_enough(read, notation):
    assert read(f"{notation}: {dumps(FILTER, notation)}") == ([(1, None, FILTER)], [])


def test_a_corpus_of_164_blocks_comes_back_from_its_hlxl_lines_alone(read):
    rng = random.Random(0)
    values = [value_of(rng) for _ in range(164)]
    sections = []
    for number, value in enumerate(values):
        lines = [f"English: Sentence {number}: {rng.random()}"] if number % 3 else []
        lines += [f"{notation}: {dumps(value, notation)}" for notation in NOTATIONS]
        sections.append(f"## Section {number}\n\nSome words.\n\n" + "\n".join(lines) + "\n\n---\n")
    full = "\n".join(sections)
    hlxl_alone = "\n".join(line for line in full.split("\n") if not line.startswith("LC-"))

    blocks, problems = read(full)
    assert problems == []
    assert [dumps(value, "HLXL") for _, _, value in blocks] == [dumps(value, "HLXL") for value in values]
    assert sum(english is None for _, english, _ in blocks) == 55
    blocks_of_hlxl, problems = read(hlxl_alone)
    assert problems == []
    assert [(english, value) for _, english, value in blocks_of_hlxl] == [
        (english, value) for _, english, value in blocks
    ]


def test_headings_rules_and_prose_are_passed_over(read):
    page = (
        f"# HLXL\n\n---\n```\n{FILTER_BLOCK}```\n| English | HLXL |\n- HLXL: 1\n* * *\nHLXL is a notation: see above.\n"
    )
    assert read(page) == ([(5, "Filter active users", FILTER)], [])


def test_the_ways_of_editors_do_not_matter(read):
    messy = "\ufeff" + FILTER_BLOCK.replace("\n", "  \t\r\n").replace("LC-T: ", "  LC-T:\t")
    assert read(messy) == ([(1, "Filter active users", FILTER)], [])


def test_a_line_separator_inside_a_string_does_not_end_the_line(read):
    assert read('English: a\u2028b\nLC-R: "a\u2028b"') == ([(1, "a\u2028b", "a\u2028b")], [])


def test_blocks_follow_one_another_without_a_blank_line(read):
    assert read("English: one\nHLXL: 1\nEnglish: two\nHLXL: 2\nLC-T: 2\nHLXL: 3") == (
        [(1, "one", 1), (3, "two", 2), (6, None, 3)],
        [],
    )


def test_disagreement_names_what_each_notation_says(read):
    blocks, problems = read("HLXL: 7\n\nEnglish: Two\nHLXL: 2\nLC-R: 2\nLC-T: 3\nLC-B: [0x02]\n")
    assert blocks == [(1, None, 7)]
    assert problems == [(6, "the notations disagree; in HLXL they say HLXL, LC-R, LC-B: 2; LC-T: 3")]


@pytest.mark.parametrize("other", ["1.0", "true", '"1"'])
def test_values_of_another_kind_disagree(read, other):
    assert read(f"HLXL: {other}\nLC-T: 1")[1][0][0] == 2


def test_a_malformed_notation_is_told_with_code_and_column(read):
    blocks, problems = read(FILTER_BLOCK.replace("2=@active}", "2=@active"))
    assert blocks == []
    ((line, message),) = problems
    assert line == 4
    assert message.startswith("LC-T is malformed: E_TRUNCATED: ")
    assert message.endswith("(column 44)")
    assert read("HLXL:  18446744073709551616")[1][0][1].endswith("(column 8)")


def test_a_sentence_needs_a_value(read):
    assert read("English: Alone\n\nEnglish: Not alone\nHLXL: 1") == (
        [(3, "Not alone", 1)],
        [(1, "English without a value; add a line of HLXL or LC-R or LC-T or LC-B")],
    )


def test_a_sentence_waits_for_its_value(read):
    assert read("English: Later\n\n```\nHLXL: 1\nLC-T: 1\n```\nLC-R: 2") == ([(1, "Later", 1), (7, None, 2)], [])


def test_a_label_needs_something_behind_it(read):
    assert read("English: a\nHLXL:\n") == ([], [(2, "HLXL has nothing behind its label")])


def test_the_empty_sentence_is_one(read):
    assert read("English:  \nHLXL: null") == ([(1, "", None)], [])


def test_a_sentence_below_its_value_is_not_given_to_the_next(read):
    blocks, problems = read("HLXL: 1\nEnglish: One\n\nHLXL: 2\nEnglish: Two\n")
    assert blocks == [(1, None, 1), (4, None, 2)]
    assert [line for line, _ in problems] == [2, 5]


def test_blocks_may_stand_without_a_blank_line_between(read):
    assert read("English: One\nHLXL: 1\nEnglish: Two\nHLXL: 2") == ([(1, "One", 1), (3, "Two", 2)], [])


def test_a_file_without_blocks_is_a_problem(read):
    assert read("# Sentences\n\n**HLXL**: 1\n") == ([], [(1, "has no block: no line begins with English: or HLXL:")])


def test_a_file_that_is_no_utf_8_is_a_problem(read):
    assert read(b"HLXL: 1\nHLXL: \xff\n") == ([], [(2, "is not UTF-8 (byte 0xff)")])


def test_a_problem_reads_as_file_line_message(tmp_path):
    path = str(tmp_path / "corpus.md")
    (tmp_path / "corpus.md").write_text("\nEnglish: Alone")
    assert str(read_markdown(path)[1][0]).startswith(f"{path}:2: English without a value")
