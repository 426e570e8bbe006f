"""Time and memory of every step of a run: ``python benchmarks/walk.py [STUDY] [--repeat N]``.

Wall seconds are the median of the repeats, each in a process of its own; memory is the highest
resident size of the process up to the end of the step. Needs a POSIX system for the memory.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(study: str) -> None:
    """One run, written to a temporary folder; its steps as JSON on stdout."""
    began = time.perf_counter()
    from gis_wufei import Study, make_plan, publish, write_map

    rows: list[tuple[str, float, float]] = []
    state = ["import", began]

    def close(name: str) -> None:
        now = time.perf_counter()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        rows.append((str(state[0]), now - float(state[1]), peak_mb))
        state[:] = [name, now]

    def step(step: str, what: str, done: int = 0, total: int = 0) -> None:
        name = step if step == "layers" or not what else f"{what}: {step}"
        if name != state[0]:
            close(name)

    plan = make_plan(Study.open(study), step=step)
    with tempfile.TemporaryDirectory() as folder:
        close("write")
        publish(plan, Path(folder), "zh", [write_map])
        close("")
    print(json.dumps(rows))


def main() -> None:
    """Run the study a few times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="layers/dalad")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        measure(arguments.study)
        return
    runs = []
    for _ in range(arguments.repeat):
        command = [sys.executable, __file__, arguments.study, "--once"]
        runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print(f"{arguments.study}: {arguments.repeat} runs, Python {platform.python_version()}, {platform.machine()}")
    print(f"{'step':32} {'median s':>9} {'min s':>8} {'max s':>8} {'peak MB':>8}")
    for entries in zip(*runs, strict=True):
        seconds = [entry[1] for entry in entries]
        peak = max(entry[2] for entry in entries)
        middle = statistics.median(seconds)
        print(f"{entries[0][0]:32} {middle:9.2f} {min(seconds):8.2f} {max(seconds):8.2f} {peak:8.0f}")
    whole = [sum(entry[1] for entry in run) for run in runs]
    peak = max(entry[2] for run in runs for entry in run)
    print(f"{'whole run':32} {statistics.median(whole):9.2f} {min(whole):8.2f} {max(whole):8.2f} {peak:8.0f}")


if __name__ == "__main__":
    main()
