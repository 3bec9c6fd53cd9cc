"""The repositories of the Hub on loopback: files, the commits that hold them, and the refs that name commits."""

import hashlib


class HubError(Exception):
    """An answer that is an error; `code` is what the client chooses its exception class by."""

    def __init__(self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Message": message, "X-Error-Code": code} | (headers or {})


class Blob:
    """A file's content. `oid` is its name in git, or in LFS where it was uploaded there."""

    def __init__(self, data: bytes, lfs: bool = False):
        self.data = data
        self.lfs = lfs
        git = hashlib.sha1(b"blob %d\0" % len(data) + data)
        self.oid = hashlib.sha256(data).hexdigest() if lfs else git.hexdigest()


class Repo:
    """The commits of a repository, each a whole tree from path to blob, and its branches and tags."""

    def __init__(self, private: bool):
        self.private = private
        self.commits: dict[str, dict[str, Blob]] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.commit("main", {})

    def commit(self, branch: str, tree: dict[str, Blob]) -> str:
        content = [len(self.commits), *((path, blob.oid) for path, blob in sorted(tree.items()))]
        sha = hashlib.sha1(repr(content).encode()).hexdigest()
        self.commits[sha] = tree
        self.branches[branch] = sha
        return sha

    def sha(self, revision: str) -> str:
        """The commit that a branch, a tag or a commit's own name stands for."""
        sha = self.branches.get(revision) or self.tags.get(revision) or revision
        if sha not in self.commits:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha

    def tree(self, revision: str) -> dict[str, Blob]:
        return self.commits[self.sha(revision)]

    def entries(self, revision: str) -> dict[str, dict]:
        """Every file and folder by its path, as the Hub describes them."""
        found = {}
        for path, blob in self.tree(revision).items():
            found[path] = {"type": "file", "path": path, "oid": blob.oid, "size": len(blob.data)}
            if blob.lfs:
                found[path]["lfs"] = {"oid": blob.oid, "size": len(blob.data), "pointerSize": 134}
            while "/" in path:
                path = path.rpartition("/")[0]
                found[path] = {"type": "directory", "path": path, "oid": hashlib.sha1(path.encode()).hexdigest()}
        return dict(sorted(found.items()))
