"""What the Hub on loopback answers: the endpoints of the Hugging Face Hub that huggingface_hub 2 calls.

An endpoint is a function of the Hub, the request and the parts of its path; it returns a `Response`, or a value to be
sent as JSON, or raises `HubError`. Repositories go by their address: "user/name" for models, "datasets/user/name".
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub_cards import card_errors
from hub_repos import Blob, HubError, Repo

TOKEN = "hf_dummy"  # the one token this Hub knows, and whose it is
USER = "user"
LFS_SUFFIXES = (".safetensors", ".parquet", ".arrow", ".bin", ".pt", ".pth")
PART_SIZE = 2**20  # bytes; small, so that even a tiny model's weights go up in several parts
REPO = r"/(?P<repo>(?:datasets/)?[^/]+/[^/]+)"
API = r"/api(?:/models)?" + REPO
REVISION = r"(?P<revision>[^/]+)"
ENDPOINTS: list[tuple[re.Pattern, Callable]] = []


@dataclass
class Request:
    method: str
    path: str  # as sent: quoted, with the query
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def known(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {TOKEN}"


@dataclass
class Response:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0  # that pass before it is sent


class Hub:
    """What is stored, and the way from a request to its endpoint."""

    def __init__(self, url: str):
        self.url = url
        self.repos: dict[str, Repo] = {}
        self.parts: dict[tuple[str, int], bytes] = {}  # of LFS uploads, by SHA-256 and number
        self.objects: dict[str, bytes] = {}  # complete LFS uploads, by SHA-256

    def answer(self, request: Request) -> Response:
        line = f"{request.method.replace('HEAD', 'GET')} {urlsplit(request.path).path}"
        try:
            # Reading is free unless the repository is private, the check of a card is too, and an upload's address is
            # its own permission.
            is_free = line.startswith("GET ") or "/_lfs/" in line or line == "POST /api/validate-yaml"
            if not (is_free or request.known):
                raise HubError(401, "Invalid credentials in Authorization header")
            for pattern, endpoint in ENDPOINTS:
                if found := pattern.fullmatch(line):
                    parts = {name: unquote(text) for name, text in found.groupdict("").items()}
                    result = endpoint(self, request, **parts)
                    return result if isinstance(result, Response) else json_response(result)
            raise HubError(404, f"this Hub does not know {line}")
        except HubError as error:
            return json_response({"error": str(error)}, error.status, error.headers)

    def repo(self, name: str, request: Request) -> Repo:
        """The repository, if it is there for the one who asks."""
        if name not in self.repos or (self.repos[name].private and not request.known):
            raise HubError(404 if request.known else 401, f"Repository not found: {name}", "RepoNotFound")
        return self.repos[name]


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(value).encode(), status, {"Content-Type": "application/json"} | (headers or {}))


def endpoint(method: str, path: str) -> Callable:
    def register(function: Callable) -> Callable:
        ENDPOINTS.append((re.compile(f"{method} {path}"), function))
        return function

    return register


@endpoint("GET", "/api/whoami-v2")
def whoami(hub: Hub, request: Request) -> dict:
    if not request.known:
        raise HubError(401, "Invalid credentials in Authorization header")
    return {"type": "user", "name": USER, "fullname": USER, "orgs": [], "auth": {"type": "access_token"}}


@endpoint("POST", "/api/validate-yaml")
def validate_yaml(hub: Hub, request: Request) -> Response:
    errors = card_errors(json.loads(request.body)["content"])
    return json_response({"errors": [{"message": error} for error in errors], "warnings": []}, 400 if errors else 200)


@endpoint("POST", "/api/repos/create")
def create_repo(hub: Hub, request: Request) -> Response:
    wanted = json.loads(request.body)
    name = f"{'datasets/' * (wanted.get('type') == 'dataset')}{wanted['organization'] or USER}/{wanted['name']}"
    exists = name in hub.repos
    if not exists:
        hub.repos[name] = Repo(private=wanted.get("visibility") == "private")
    return json_response({"url": f"{hub.url}/{name}"}, 409 if exists else 200)


@endpoint("GET", f"{API}(?:/revision/{REVISION})?")
def repo_info(hub: Hub, request: Request, repo: str, revision: str) -> dict:
    found, revision = hub.repo(repo, request), revision or "main"
    return {
        "id": repo.removeprefix("datasets/"),
        "sha": found.sha(revision),
        "private": found.private,
        "siblings": [{"rfilename": path} for path in sorted(found.tree(revision))],
        "tags": [],
    }


@endpoint("GET", f"{API}/tree/{REVISION}(?:/(?P<path>.+))?")
def tree(hub: Hub, request: Request, repo: str, revision: str, path: str) -> list[dict]:
    entries = hub.repo(repo, request).entries(revision)
    folder = f"{path}/" if path else ""
    below = [entry for name, entry in entries.items() if name.startswith(folder)]
    if path and not below:
        raise HubError(404, f"{path} does not exist on {revision}", "EntryNotFound")
    recursive = "recursive=true" in request.path.lower()
    return [entry for entry in below if recursive or "/" not in entry["path"].removeprefix(folder)]


@endpoint("POST", f"{API}/paths-info/{REVISION}")
def paths_info(hub: Hub, request: Request, repo: str, revision: str) -> list[dict]:
    entries = hub.repo(repo, request).entries(revision)
    return [entries[path] for path in parse_qs(request.body.decode()).get("paths", []) if path in entries]


@endpoint("GET", f"{REPO}/resolve/{REVISION}/(?P<path>.+)")
def resolve(hub: Hub, request: Request, repo: str, revision: str, path: str) -> Response:
    found = hub.repo(repo, request)
    if path not in found.tree(revision):
        raise HubError(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": found.sha(revision)})
    blob = found.tree(revision)[path]
    headers = {"X-Repo-Commit": found.sha(revision), "ETag": f'"{blob.oid}"', "Accept-Ranges": "bytes"}
    if "range" not in request.headers:
        return Response(blob.data, headers=headers)
    start, end = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["range"]).groups()
    part = blob.data[int(start) : int(end or len(blob.data)) + 1]
    span = f"{start}-{int(start) + len(part) - 1}" if part else "*"
    return Response(part, 206 if part else 416, headers | {"Content-Range": f"bytes {span}/{len(blob.data)}"})


@endpoint("GET", f"{API}/refs")
def refs(hub: Hub, request: Request, repo: str) -> dict:
    found = hub.repo(repo, request)
    branches = [
        {"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha} for name, sha in found.branches.items()
    ]
    tags = [{"name": name, "ref": f"refs/tags/{name}", "targetCommit": sha} for name, sha in found.tags.items()]
    return {"branches": branches, "tags": tags, "converts": []}


@endpoint("POST", f"{API}/branch/(?P<branch>[^/]+)")
def create_branch(hub: Hub, request: Request, repo: str, branch: str) -> None:
    found = hub.repo(repo, request)
    if branch in found.branches:
        raise HubError(409, f"Reference {branch} already exists")
    found.branches[branch] = found.sha(json.loads(request.body).get("startingPoint", "main"))


@endpoint("POST", f"{API}/tag/{REVISION}")
def create_tag(hub: Hub, request: Request, repo: str, revision: str) -> None:
    found, tag = hub.repo(repo, request), json.loads(request.body)["tag"]
    if tag in found.tags:
        raise HubError(409, f"Reference {tag} already exists")
    found.tags[tag] = found.sha(revision)


@endpoint("DELETE", f"{API}/tag/(?P<tag>[^/]+)")
def delete_tag(hub: Hub, request: Request, repo: str, tag: str) -> None:
    if hub.repo(repo, request).tags.pop(tag, None) is None:
        raise HubError(404, f"Invalid rev id: {tag}", "RevisionNotFound")


@endpoint("POST", f"{API}/preupload/{REVISION}")
def preupload(hub: Hub, request: Request, repo: str, revision: str) -> dict:
    there = hub.repo(repo, request).tree(revision)
    paths = [file["path"] for file in json.loads(request.body)["files"]]
    return {
        "files": [
            {
                "path": path,
                "uploadMode": "lfs" if path.endswith(LFS_SUFFIXES) else "regular",
                "shouldIgnore": False,
                "oid": there[path].oid if path in there else None,
            }
            for path in paths
        ]
    }


@endpoint("POST", rf"{REPO}\.git/info/lfs/objects/batch")
def lfs_batch(hub: Hub, request: Request, repo: str) -> dict:
    hub.repo(repo, request)
    objects = json.loads(request.body)["objects"]
    for each in objects:
        if each["oid"] not in hub.objects:
            href = f"{hub.url}/_lfs/{each['oid']}"
            parts = {str(n + 1): f"{href}/{n + 1}" for n in range(-(-each["size"] // PART_SIZE))}
            upload = {"href": href, "header": {"chunk_size": str(PART_SIZE)} | parts}
            each["actions"] = {"upload": upload, "verify": {"href": f"{href}/verify"}}
    return {"transfer": "multipart", "objects": objects}


@endpoint("PUT", r"/_lfs/(?P<oid>\w{64})/(?P<number>\d+)")
def lfs_part(hub: Hub, request: Request, oid: str, number: str) -> Response:
    hub.parts[oid, int(number)] = request.body
    return Response(headers={"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})


@endpoint("POST", r"/_lfs/(?P<oid>\w{64})")
def lfs_complete(hub: Hub, request: Request, oid: str) -> None:
    data = b"".join(hub.parts[oid, part["partNumber"]] for part in json.loads(request.body)["parts"])
    if hashlib.sha256(data).hexdigest() != oid:
        raise HubError(400, f"the parts do not add up to {oid}")
    hub.objects[oid] = data


@endpoint("POST", r"/_lfs/(?P<oid>\w{64})/verify")
def lfs_verify(hub: Hub, request: Request, oid: str) -> None:
    if len(hub.objects.get(oid, b"")) != json.loads(request.body)["size"]:
        raise HubError(404, f"{oid} is not here in full")


@endpoint("POST", f"{API}/commit/{REVISION}")
def commit(hub: Hub, request: Request, repo: str, revision: str) -> dict:
    found = hub.repo(repo, request)
    files = dict(found.tree(revision))
    for line in request.body.splitlines():
        item = json.loads(line)
        value = item["value"]
        match item["key"]:
            case "header":
                if value.get("parentCommit", found.sha(revision)) != found.sha(revision):
                    raise HubError(412, "A commit has happened since. Please refresh and try again.")
            case "file":
                files[value["path"]] = Blob(base64.b64decode(value["content"]))
            case "lfsFile":
                if value["oid"] not in hub.objects:
                    raise HubError(400, f"the LFS object of {value['path']} was not uploaded")
                files[value["path"]] = Blob(hub.objects[value["oid"]], lfs=True)
            case "deletedFile":
                del files[value["path"]]
            case "deletedFolder":
                files = {path: blob for path, blob in files.items() if not path.startswith(value["path"])}
    sha = found.commit(revision, files)
    return {"success": True, "commitOid": sha, "commitUrl": f"{hub.url}/{repo}/commit/{sha}"}
