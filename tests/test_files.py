"""Files and folders that are whole or not there, and locks that end with their process."""

import signal
import subprocess
import sys

import pytest

from hlx_hf.files import clear_leftovers, hold, is_held, put_in_place, write_whole

HOLDER = """
import sys, time
from pathlib import Path
from hlx_hf.files import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from hlx_hf.files import write_whole
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
write_whole(Path(sys.argv[1]), "new")
"""

KILLED_REPLACER = """
import os, shutil, signal, sys
from pathlib import Path
from hlx_hf.files import put_in_place
shutil.rmtree = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
put_in_place(*map(Path, sys.argv[1:]))
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock `lock`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path / "lock"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_killed_writer_leaves_the_old_file_and_a_leftover_that_is_cleared(tmp_path):
    path = tmp_path / "file.json"
    write_whole(path, "old")
    done = subprocess.run([sys.executable, "-c", KILLED_WRITER, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    clear_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_an_older_one(tmp_path):
    for content in ("old", "new"):
        aside = tmp_path / "_aside_result"
        (aside / "inner").mkdir(parents=True)
        (aside / "inner" / "file").write_text(content)
        put_in_place(aside, tmp_path / "result")
    assert (tmp_path / "result" / "inner" / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [tmp_path / "result"]


def test_a_new_folder_is_in_its_place_before_the_older_one_is_deleted(tmp_path):
    aside, folder = tmp_path / "_aside_result", tmp_path / "result"
    for path in (folder, aside):
        path.mkdir()
        (path / "file").write_text(path.name)
    done = subprocess.run([sys.executable, "-c", KILLED_REPLACER, aside, folder], check=False)
    assert done.returncode == -signal.SIGKILL
    clear_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "file").read_text() == "_aside_result"


def test_a_lock_is_refused_while_its_process_lives_and_free_once_it_is_killed(holder, tmp_path):
    assert is_held(tmp_path / "lock")
    with pytest.raises(BlockingIOError, match="another process holds"), hold(tmp_path / "lock"):
        pass
    holder.kill()
    holder.wait()
    assert not is_held(tmp_path / "lock")
    with hold(tmp_path / "lock"):
        assert is_held(tmp_path / "lock")


def test_who_waits_for_a_lock_says_so_and_gets_it(holder, tmp_path, capsys):
    # it ends by itself while this process waits
    ender = subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(2); os.kill({holder.pid}, 9)"])
    with hold(tmp_path / "lock", wait_message="waiting for the other"):
        assert capsys.readouterr().out == "waiting for the other\n"
    assert ender.wait() == 0
