"""The Hub's Jobs on loopback: machines, a private bucket that is a folder, logs, numbers."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from huggingface_hub import HfApi

from tests.backends.providers.hub_stand_in import Answer, Heard, StandIn

MACHINES = (
    ("t4-small", "Nvidia T4 - small", "T4", "1", "16 GB", 0.4 / 60),
    ("a10g-large", "Nvidia A10G - large", "A10G", "1", "24 GB", 1.5 / 60),
    ("a100-large", "Nvidia A100 - large", "A100", "1", "80 GB", 2.5 / 60),
    ("a100x4", "4x Nvidia A100", "A100", "4", "320 GB", 10.0 / 60),
)
JOB = "687fb701029421ae5549d998"


@dataclass
class Machine:
    """How a rented machine behaves."""

    lines: list[str] = field(default_factory=list)
    """Its log."""
    stages: list[str] = field(default_factory=lambda: ["SCHEDULING", "RUNNING", "COMPLETED"])
    """One for each question; the last one holds on."""
    message: str | None = None
    """Of its state."""
    refuse: dict[str, int] = field(default_factory=dict)
    """Status by a part of the path."""
    private: bool = True
    """Whether the bucket is."""
    slow: float = 0.0
    """Seconds before a job is started."""
    spec: Any = None
    """What was asked for."""
    cancelled: int = 0
    """How often it was cancelled."""
    asked_for: threading.Event = field(default_factory=threading.Event)
    """Set when somebody asks for it."""


def jobs(server: StandIn, machine: Machine) -> None:
    """Teach a stand-in to answer as Jobs does."""

    def route(heard: Heard) -> Answer | Iterator[bytes] | None:
        path = heard.path
        for part, status in machine.refuse.items():
            if part in path:
                return Answer(status, {"error": f"no: {heard.headers.get('authorization')}"})
        if path == "/api/whoami-v2":
            return Answer(value={"type": "user", "name": "me", "orgs": []})
        if path == "/api/jobs/hardware":
            return Answer(value=[_hardware(*one) for one in MACHINES] + [_cpu()])
        if path.startswith("/api/buckets/"):
            name = "me/jobs-artifacts"
            if heard.method == "POST":
                return Answer(value={"url": f"{server.url}/buckets/{name}"})
            return Answer(value={
                "id": name, "private": machine.private, "size": 1, "totalFiles": 1,
                "createdAt": "2026-01-01T00:00:00.000Z",
            })  # fmt: skip
        if path == "/api/jobs/me" and heard.method == "POST":
            machine.asked_for.set()
            time.sleep(machine.slow)
            machine.spec = heard.body
            return Answer(value=_job("SCHEDULING", None))
        if path.endswith("/cancel"):
            machine.cancelled += 1
            machine.stages = ["CANCELED"]
            return Answer(value={})
        if path.endswith("/logs"):
            return _events({"timestamp": "2026-01-01T00:00:00.000Z", "data": line}
                           for line in machine.lines)  # fmt: skip
        if path.endswith("/metrics"):
            return _events([{
                "memory_used_bytes": 4e9,
                "gpus": {"a": {"utilization": 97, "memory_used_bytes": 6e10,
                               "memory_total_bytes": 8e10}},
            }])  # fmt: skip
        if path == f"/api/jobs/me/{JOB}":
            stage = machine.stages.pop(0) if len(machine.stages) > 1 else machine.stages[0]
            return Answer(value=_job(stage, machine.message))
        return None

    server.extra.append(route)


def maker(server: StandIn, folder: Path, *, pause: float = 0.0) -> Callable[[str], HfApi]:
    """Clients for a stand-in, whose buckets are a folder: their true traffic is in native code."""

    class FolderApi(HfApi):
        def batch_bucket_files(self, bucket_id: str, **what: Any) -> None:
            for source, name in what.get("add") or ():
                time.sleep(pause)
                place = folder / bucket_id / name
                place.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(source, bytes):
                    place.write_bytes(source)
                else:
                    shutil.copyfile(source, place)
            for name in what.get("delete") or ():
                (folder / bucket_id / name).unlink(missing_ok=True)

        def list_bucket_tree(self, bucket_id: str, prefix: str = "", **_: Any) -> list[Any]:
            root = folder / bucket_id
            return [
                SimpleNamespace(path=file.relative_to(root).as_posix(), size=file.stat().st_size)
                for file in sorted(root.rglob("*"))
                if file.is_file() and file.relative_to(root).as_posix().startswith(prefix)
            ]

        def download_bucket_files(self, bucket_id: str, files: Any, **_: Any) -> None:
            for entry, place in files:
                shutil.copyfile(folder / bucket_id / entry.path, place)

    return lambda token: FolderApi(endpoint=server.url, token=token)


def _events(values: Any) -> Iterator[bytes]:
    for value in values:
        yield b"data: " + json.dumps(value).encode() + b"\n\n"


def _job(stage: str, message: str | None) -> dict[str, Any]:
    return {
        "id": JOB, "createdAt": "2026-01-01T00:00:00.000Z", "dockerImage": "uv",
        "environment": {}, "flavor": "a100-large", "status": {"stage": stage, "message": message},
        "owner": {"id": "1", "name": "me", "type": "user"},
        "durations": {"schedulingSecs": 1, "runningSecs": 90, "totalSecs": 91},
    }  # fmt: skip


def _hardware(name: str, title: str, card: str, count: str, memory: str, price: float) -> Any:
    return {
        "name": name, "prettyName": title, "cpu": "8 vCPU", "ram": "30 GB",
        "ephemeralStorage": "100 GB",
        "accelerator": {"type": "gpu", "model": card, "quantity": count, "vram": memory,
                        "manufacturer": "Nvidia"},
        "unitCostMicroUSD": round(price * 1e6), "unitCostUSD": price, "unitLabel": "minute",
    }  # fmt: skip


def _cpu() -> Any:
    return {
        "name": "cpu-basic", "prettyName": "CPU Basic", "cpu": "2 vCPU", "ram": "16 GB",
        "ephemeralStorage": "20 GB", "accelerator": None, "unitCostMicroUSD": 167,
        "unitCostUSD": 0.000167, "unitLabel": "minute",
    }  # fmt: skip
