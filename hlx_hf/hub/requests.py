"""Requests to the Hub that are made again where it may help, end after some silence, and fail in one sentence."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from huggingface_hub import set_client_factory
from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled
from huggingface_hub.utils._http import default_client_factory

SILENCE_SECONDS = 60  # after which a request is given up; the client by itself would wait for ever
RETRY_SECONDS = (1, 2, 4, 8)  # between tries
TRANSIENT = (408, 409, 412, 425, 429)  # statuses of 4xx that may be others a moment later
FAULTS = (HTTPError, json.JSONDecodeError)  # the latter where something else answers in place of the Hub


class HubRefusedError(OSError):
    """The Hub says no, and will until something is changed: the token, its rights, the room that is left."""


def retry(call: Callable, *args: Any, **kwargs: Any) -> Any:
    """Calls until it works or is refused, five times at most.

    huggingface_hub itself tries again to upload and to commit, and nothing else.
    """
    for seconds in RETRY_SECONDS:
        try:
            return call(*args, **kwargs)
        except FAULTS as error:
            if _is_refusal(error):
                raise
        time.sleep(seconds)
    return call(*args, **kwargs)


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Gives requests their limit, and turns what they raise into `HubRefusedError` or another `OSError`."""
    set_client_factory(_client)
    try:
        yield
    except HfHubHTTPError as error:
        answer = f"the Hub answers {error.response.status_code}: {error.server_message or error.response.reason_phrase}"
        raise (HubRefusedError if _is_refusal(error) else OSError)(answer) from error
    except OfflineModeIsEnabled as error:
        raise HubRefusedError("HF_HUB_OFFLINE is set, and with it nothing reaches the Hub") from error
    except FAULTS as error:
        raise OSError(f"the Hub cannot be reached: {error}") from error


def _is_refusal(error: Exception) -> bool:
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    return 400 <= status < 500 and status not in TRANSIENT


def _client() -> Any:
    # huggingface_hub's own, whose hooks name each request and heed HF_HUB_OFFLINE
    client = default_client_factory()
    client.timeout = SILENCE_SECONDS
    return client
