"""The tests' side of the Hub on loopback: start it, run client processes against it, look at what it got."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from hub_protocol import TOKEN, Request


class LoopbackHub:
    """A running `hub_server.py`; a context manager that stops it at the end.

    Attributes:
        url: where the Hub is.
        environment: the variables of a client process. The libraries read them at import, so a client that is to
            talk to this Hub is a process of its own: `run` starts one.
    """

    def __init__(self, home: Path):
        server = Path(__file__).with_name("hub_server.py")
        self._process = subprocess.Popen([sys.executable, server, "--port", "0"], stdout=subprocess.PIPE, text=True)
        self.url = self._process.stdout.readline().strip()  # written once the server listens
        self.environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"} | {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_DATASETS_CACHE": str(home / "datasets"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",  # this Hub has LFS only, and the client does not fall back to it by itself
            "HF_TOKEN": TOKEN,
            "NO_PROXY": "127.0.0.1",
        }

    def __enter__(self) -> "LoopbackHub":
        return self

    def __exit__(self, *exception) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def run(self, *arguments: str | Path, **variables: str) -> str:
        """What `python ARGUMENTS...` prints as a client of this Hub.

        Args:
            *arguments: of the interpreter.
            **variables: of its environment, in the place of those of `environment`.

        Raises:
            RuntimeError: the process failed; the message is what it wrote to stderr.
        """
        environment = self.environment | variables
        done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def fail(self, match: str, status: int | None, times: float, share: float = 1.0, seconds: float = 0) -> None:
        """Make requests fail from now on.

        Args:
            match: a regular expression searched for in "METHOD path".
            status: the HTTP status to answer with; 0 closes the connection without an answer, None is a right answer.
            times: how many requests fail before this fault is over; `math.inf` for all.
            share: the part of the matching requests that fails, drawn with a fixed seed.
            seconds: that pass before the answer.
        """
        self._control("faults", {"match": match, "status": status, "times": times, "share": share, "seconds": seconds})

    def requests(self) -> list[Request]:
        """Every request so far, in order, the failed ones among them."""
        return [Request(**each | {"body": base64.b64decode(each["body"])}) for each in self._control("requests")]

    def private(self, repo: str, repo_type: str = "model") -> bool:
        return self._repo(repo, repo_type)["private"]

    def files(self, repo: str, repo_type: str = "model") -> list[str]:
        """The paths of the files on the repository's main branch, sorted."""
        return list(self._repo(repo, repo_type)["files"])

    def read(self, repo: str, path: str, repo_type: str = "model") -> bytes:
        return base64.b64decode(self._repo(repo, repo_type)["files"][path])

    def tags(self, repo: str) -> dict[str, list[str]]:
        """The files of each tag, sorted."""
        return self._repo(repo, "model")["tags"]

    def _repo(self, repo: str, repo_type: str) -> dict:
        return self._control("repos")["datasets/" * (repo_type == "dataset") + repo]

    def _control(self, name: str, value: Any = None) -> Any:
        data = None if value is None else json.dumps(value).encode()
        with build_opener(ProxyHandler({})).open(f"{self.url}/_control/{name}", data) as answer:
            return json.load(answer)
