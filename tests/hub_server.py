"""A Hub on loopback: the part of the Hugging Face Hub's protocol that client processes use in the tests.

    python tests/hub_server.py --port 0

prints its URL and serves until it is stopped. Repositories live in memory and every commit stays readable.
Every request is recorded, and requests can be made to fail. Both are reached under `/_control/`:

    GET  /_control/requests   the requests so far, bodies in base64
    GET  /_control/repos      each repository's visibility and its files on `main`, contents in base64
    POST /_control/faults     {"match": regular expression over "METHOD /path", "status", "times", "share"}
"""

import argparse
import base64
import hashlib
import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

TOKEN = "hf_dummy"  # the one token that this Hub knows, and whose it is
USER = "user"
LFS_SUFFIXES = (".safetensors", ".parquet", ".arrow", ".bin", ".pt")
REGULAR_LIMIT = 10 * 2**20  # bytes; larger files go through LFS whatever their name
PART_SIZE = 2**20  # bytes of an LFS upload's part: small, so that a tiny model's weights take several
BROKEN = 0  # the status of a fault that closes the connection instead of answering
EPOCH = "2025-01-01T00:00:00.000Z"  # the date of everything

REPO = r"(?P<repo>(?:models|datasets)/[^/]+/[^/]+)"
REVISION = r"(?P<revision>[^/]+)"
ROUTES: list[tuple[re.Pattern, Callable]] = []


@dataclass
class Request:
    method: str
    path: str  # as sent: quoted, with the query
    authorization: str | None
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)


@dataclass
class Response:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class HubError(Exception):
    """An answer that is an error; `code` is what the client's exception classes go by."""

    def __init__(self, status: int, message: str, code: str = ""):
        super().__init__(message)
        self.response = answer_json({"error": message}, status)
        self.response.headers |= {"X-Error-Message": message, "X-Error-Code": code}


class Blob:
    """A file's content; `oid` names it in git, or in LFS where it was uploaded there."""

    def __init__(self, data: bytes, lfs: bool):
        self.data = data
        self.lfs = lfs
        self.oid = hashlib.sha256(data).hexdigest() if lfs else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

    def entry(self, path: str) -> dict:
        entry = {"type": "file", "path": path, "oid": self.oid, "size": len(self.data)}
        if self.lfs:
            entry["lfs"] = {"oid": self.oid, "size": len(self.data), "pointerSize": 134}
        return entry


class Repo:
    """The commits of a repository, each a whole tree, and the branches and tags that name them."""

    def __init__(self, private: bool):
        self.private = private
        self.commits: dict[str, dict[str, Blob]] = {}
        self.refs: dict[str, dict[str, str]] = {"branches": {}, "tags": {}}
        self.commit("main", {})

    def commit(self, branch: str, tree: dict[str, Blob]) -> str:
        content = [len(self.commits), *((path, blob.oid) for path, blob in sorted(tree.items()))]
        sha = hashlib.sha1(repr(content).encode()).hexdigest()
        self.commits[sha] = tree
        self.refs["branches"][branch] = sha
        return sha

    def sha(self, revision: str) -> str:
        known = {sha: sha for sha in self.commits} | self.refs["tags"] | self.refs["branches"]
        if revision not in known:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return known[revision]

    def tree(self, revision: str) -> dict[str, Blob]:
        return self.commits[self.sha(revision)]


class Hub:
    """What the server knows, and how it answers a request."""

    def __init__(self):
        self.repos: dict[str, Repo] = {}  # by type and name: "models/user/name"
        self.parts: dict[str, dict[int, bytes]] = {}  # of LFS uploads under way, by SHA-256
        self.objects: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.faults: list[dict] = []
        self.random = random.Random(0)

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/_control/"):
            return self.control(request)
        self.requests.append(request)
        line = f"{request.method} {request.path}"
        for fault in self.faults:
            if fault["times"] > 0 and re.search(fault["match"], line) and self.random.random() < fault["share"]:
                fault["times"] -= 1
                return answer_json({"error": "a fault that the test asked for"}, fault["status"])
        # The places that an LFS upload is sent to carry their permission in the address, and reading is free.
        open_to_all = request.method in ("GET", "HEAD") or request.path.startswith("/_lfs/")
        if not open_to_all and request.authorization != f"Bearer {TOKEN}":
            return HubError(401, "Invalid credentials in Authorization header").response
        line = f"{request.method.replace('HEAD', 'GET')} {urlsplit(request.path).path}"
        for pattern, function in ROUTES:
            if found := pattern.fullmatch(line):
                try:
                    return function(self, request, **{name: unquote(text) for name, text in found.groupdict("").items()})
                except HubError as error:
                    return error.response
        return HubError(404, f"this Hub has no {line}").response

    def control(self, request: Request) -> Response:
        if request.path == "/_control/requests":
            return answer_json([asdict(each) | {"body": to_base64(each.body)} for each in self.requests])
        if request.path == "/_control/faults":
            self.faults.append(json.loads(request.body))
            return answer_json(None)
        return answer_json(
            {
                name: {
                    "private": repo.private,
                    "files": {path: to_base64(blob.data) for path, blob in sorted(repo.tree("main").items())},
                }
                for name, repo in self.repos.items()
            }
        )

    def repo(self, name: str, request: Request) -> Repo:
        """The repository, as far as the request may know of it."""
        known = request.authorization == f"Bearer {TOKEN}"
        if name not in self.repos or (self.repos[name].private and not known):
            raise HubError(404 if known else 401, f"Repository not found: {name}", "RepoNotFound")
        return self.repos[name]


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def answer_json(value, status: int = 200) -> Response:
    return Response(json.dumps(value).encode(), status, {"Content-Type": "application/json"})


def route(method: str, path: str) -> Callable:
    def register(function: Callable) -> Callable:
        ROUTES.append((re.compile(f"{method} {path}"), function))
        return function

    return register


@route("GET", "/api/whoami-v2")
def whoami(hub: Hub, request: Request) -> Response:
    if request.authorization != f"Bearer {TOKEN}":
        raise HubError(401, "Invalid credentials in Authorization header")
    return answer_json({"type": "user", "name": USER, "fullname": USER, "orgs": [], "auth": {"type": "access_token"}})


@route("POST", "/api/validate-yaml")
def validate_yaml(hub: Hub, request: Request) -> Response:
    return answer_json({"errors": [], "warnings": []})


@route("POST", "/api/repos/create")
def create_repo(hub: Hub, request: Request) -> Response:
    wanted = json.loads(request.body)
    kind = f"{wanted.get('type') or 'model'}s"
    name = f"{wanted['organization'] or USER}/{wanted['name']}"
    answer = {"url": f"{hub.url}/{'' if kind == 'models' else kind + '/'}{name}"}
    if f"{kind}/{name}" in hub.repos:
        return answer_json(answer | {"error": "You already created this repo"}, 409)
    hub.repos[f"{kind}/{name}"] = Repo(private=wanted.get("visibility") == "private")
    return answer_json(answer)
