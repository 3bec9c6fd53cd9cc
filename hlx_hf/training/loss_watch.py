"""The loss of every step, and when it says that a run is lost."""

import math
from collections import deque

import torch

WINDOW = 10  # steps that are averaged, so that a hard batch is no alarm
MAX_RISE = 2.0  # nats above the best so far; sound runs of the tiny preset stayed below 0.8


class LossWatch:
    """Sees the loss of each step, made of one micro-batch or several, and knows the best so far."""

    def __init__(self):
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.best: float | None = None
        self._micro_batches: list[torch.Tensor] = []
        self._unread: deque[_Copy] = deque()

    def add(self, loss: torch.Tensor) -> None:
        """Takes the loss of a micro-batch, as the Trainer scales it: those of a step add up to the step's."""
        self._micro_batches.append(loss)

    def end_step(self) -> str | None:
        """Closes a step; a sentence on what is wrong if its loss is no number, or the last ones are far above the best.

        The first loss is that of the weights as they came, so a run that does nothing but rise is seen as well. A loss
        on an accelerator is looked at a step later, when it has long been copied and nothing has to wait for it.
        """
        loss = torch.stack(self._micro_batches).sum()
        self._micro_batches.clear()
        self._unread.append(_Copy(loss))
        if loss.device.type != "cpu" and len(self._unread) == 1:
            return None
        return self._judge(self._unread.popleft().read())

    def _judge(self, loss: float) -> str | None:
        if not math.isfinite(loss):
            return f"the loss is {loss}"
        self.recent.append(loss)
        if self.best is None:
            self.best = loss
        if len(self.recent) < WINDOW:
            return None
        if self.mean > self.best + MAX_RISE:
            return f"the loss diverges: {self.mean:.3g} over the last {WINDOW} steps, after {self.best:.3g} at best"
        self.best = min(self.best, self.mean)
        return None

    @property
    def mean(self) -> float:
        """Of the last steps, at most `WINDOW` of them; not a number before the first."""
        return sum(self.recent) / len(self.recent) if self.recent else math.nan


class _Copy:
    """A number on its way to the CPU; `item` would wait for all that the device has been given to do meanwhile."""

    def __init__(self, number: torch.Tensor):
        self.number, self.arrival = number.detach(), None
        if number.device.type != "cpu":
            self.number = torch.empty_like(number, device="cpu", pin_memory=True).copy_(self.number, non_blocking=True)
            self.arrival = torch.Event(number.device)
            self.arrival.record()

    def read(self) -> float:
        if self.arrival is not None:
            self.arrival.synchronize()
        return self.number.item()
