"""A picture of a training: its loss by epoch, and what its gates saw."""

from pathlib import Path

SHARES = {  # figure of a gate: its colour
    "exact": "tab:green",
    "valid": "tab:blue",
    "malformed": "tab:orange",
    "parroted": "tab:purple",
    "repetition": "tab:red",
    "empty": "tab:gray",
}
MAX_MARKED_POINTS = 40  # a curve of more is a line alone


def plot_training(log_history: list[dict], path: Path, title: str, stopped: str | None = None) -> None:
    """Draws loss and shares of answers by epoch, with a line at each gate.

    Args:
        log_history: of a `TrainerState`.
        path: of the PNG.
        title: the run's name.
        stopped: why the run was stopped, if it was.

    Raises:
        ImportError: matplotlib is missing.
    """
    from matplotlib.figure import Figure  # an extra; and pyplot would look for a display
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

    losses = [(entry["epoch"], float(entry["loss"])) for entry in log_history if "loss" in entry]
    gates = [entry for entry in log_history if "gate_exact" in entry]
    epochs = [gate["epoch"] for gate in gates]
    figure = Figure(figsize=(9, 6.5), dpi=120, layout="constrained")
    figure.suptitle(title, fontweight="bold")
    loss_axes, share_axes = figure.subplots(2, sharex=True, height_ratios=(3, 4))

    marker = "." if len(losses) <= MAX_MARKED_POINTS else ""
    loss_axes.plot(*zip(*losses, strict=True) if losses else ([], []), marker=marker, color="black", label="training")
    answer_losses = [gate["gate_answer_loss"] for gate in gates]
    loss_axes.plot(epochs, answer_losses, "o--", color="tab:red", markersize=5, label="right answers at gates")
    loss_axes.set(yscale="log", ylabel="loss (nats a character)")
    loss_axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    loss_axes.yaxis.set_major_formatter("{x:g}")
    loss_axes.yaxis.set_minor_formatter(NullFormatter())

    for name, colour in SHARES.items():
        shares = [gate[f"gate_{name}"] for gate in gates]
        if name in ("exact", "valid"):
            share_axes.plot(epochs, shares, "o-", color=colour, linewidth=2, label=name)
        elif any(shares):
            share_axes.plot(epochs, shares, "x:", color=colour, label=name)
    share_axes.set(ylim=(-0.03, 1.03), ylabel="answers at gates", xlabel="epoch")
    share_axes.yaxis.set_major_formatter(PercentFormatter(1))
    share_axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10)))
    share_axes.set_xlim(left=0)

    for axes in (loss_axes, share_axes):
        axes.grid(axis="y", alpha=0.3)
        for epoch in epochs:
            axes.axvline(epoch, color="gray", linewidth=0.7, linestyle=":", zorder=0)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    if stopped:
        loss_axes.set_title(stopped, color="tab:red", fontsize="small", loc="left", wrap=True)
    figure.savefig(path)
