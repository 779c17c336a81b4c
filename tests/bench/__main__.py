"""Prints the table of measured figures, with the machine and the commit."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from tests.bench import effects, fidelity, grading, keys, second_view, speed
from tests.bench.interpolation.table import report, speeds


def machine() -> str:
    """Processor, cores, memory and interpreter in a line."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def commit() -> str:
    """The commit that is measured."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no commit"


def main(wanted: list[str]) -> None:
    """Run the benchmarks that are named, or all."""
    print(f"Machine: {machine()}\nCommit: {commit()}\n")
    if not wanted or "speed" in wanted:
        print("| speed | figure |\n|---|---|")
        for row in speed.measure():
            print(f"| {row.name} | {row.value} |")
        print()
    if not wanted or "effects" in wanted:
        print("| drawn into a 1280x720 frame, one core | ms | share of the geometry |")
        print("|---|---|---|")
        for cost in effects.costs():
            print(f"| {cost.name} | {cost.milliseconds:.1f} | {cost.share:.2f} |")
        whole = effects.whole_shot()
        print(
            f"\nDolly, a walking subject and heavy rain, photo to MP4: {whole.seconds:.2f} s, "
            f"{whole.rate:.0f} frames a second; rendering alone {whole.rendered:.0f}\n"
        )
    if not wanted or "keys" in wanted:
        print("| the camera desk | figure |\n|---|---|")
        for line in keys.measure():
            print(f"| {line.name} | {line.value} |")
        print()
    if not wanted or "view" in wanted:
        print("| second view (Middlebury motorcycle) | PSNR, dB | SSIM |\n|---|---|---|")
        for view in second_view.measure():
            print(f"| {view.name} | {view.psnr:.2f} | {view.ssim:.3f} |")
        print()
    if not wanted or "fidelity" in wanted:
        print("| camera fidelity | rotation, ° | translation, units | path, units | kept |")
        print("|---|---|---|---|---|")
        for row in fidelity.measure():
            print(
                f"| {row.kind}, {row.scene} | {row.rotation:.4f} | {row.translation:.4f} | "
                f"{row.length:.2f} | {'yes' if row.passes else 'NO'} |"
            )
        print()
    if not wanted or "interpolation" in wanted:
        for line in report():
            print(line, flush=True)
        for line in speeds():
            print(line, flush=True)
    if not wanted or "grading" in wanted:
        print("\n| grading | figure |\n|---|---|")
        for line in grading.measure():
            print(f"| {line.name} | {line.value} |", flush=True)
        print()
    for name in ("repairs", "quality", "sequence", "style"):  # they have options of their own
        if not wanted or name in wanted:
            sys.stdout.flush()
            subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
