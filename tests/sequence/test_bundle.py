from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.limits import Limits
from synth.media import VideoWriter
from synth.media.story import METADATA_KEY
from synth.sequence.bundle import read_bundle, read_project, write_bundle
from synth.sequence.project import Clip, MediaRef, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.shot.model import Shot


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def other(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "other")


@pytest.fixture
def project(tmp_path: Path, shelf: Shelf) -> Project:
    shots = []
    for name in ("one", "two"):
        photo = tmp_path / f"{name}.png"
        noise = np.random.default_rng(len(shots)).integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(noise).save(photo)
        shots.append(SequenceShot(id=name, media=shelf.add(photo, "photo")))
    return Project(name="A film", shots=tuple(shots), timeline=(Clip(shot="one"),))


@pytest.fixture
def bundle(project: Project, shelf: Shelf, tmp_path: Path) -> Path:
    path = tmp_path / "film.zip"
    assert write_bundle(project, shelf, path) == ()
    return path


def _rezip(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """A copy of a zip with some entries replaced, added, or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in (*old.namelist(), *(name for name in change if name not in old.namelist())):
            content = change.get(name, b"") if name in change else old.read(name)
            if content is not None:
                new.writestr(name, content)
    return target


def _untouched(shelf: Shelf) -> bool:
    return list(shelf.folder.iterdir()) == []


def test_a_bundle_carries_the_project_and_its_media_to_another_shelf(
    project: Project, shelf: Shelf, other: Shelf, bundle: Path
) -> None:
    assert read_bundle(bundle, other) == project
    for ref in project.media():
        assert other.path(ref).read_bytes() == shelf.path(ref).read_bytes()
    assert sorted(p.name for p in other.folder.iterdir()) == sorted(
        {ref.sha256 for ref in project.media()}
    )


def test_the_same_project_makes_the_same_bytes_and_opens_with_any_unzip(
    project: Project, shelf: Shelf, bundle: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    write_bundle(project, shelf, again)
    assert again.read_bytes() == bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert Project.from_json(archive.read("project.json")) == project


def test_what_the_shelf_lacks_is_told_and_the_rest_travels(
    project: Project, shelf: Shelf, other: Shelf, tmp_path: Path
) -> None:
    lost = project.shots[1].media
    shelf.path(lost).unlink()
    path = tmp_path / "film.zip"
    assert write_bundle(project, shelf, path) == (lost,)
    opened = read_project(path, other)
    assert opened.project == project
    assert opened.missing == (lost,)
    assert "two.png" in opened.notes[0]


def test_a_file_that_was_damaged_on_the_shelf_is_not_bundled(
    project: Project, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.path(project.shots[0].media).write_bytes(b"other bytes")
    before = set(tmp_path.iterdir())
    with pytest.raises(InvalidMedia, match=r"one\.png"):
        write_bundle(project, shelf, tmp_path / "film.zip")
    assert set(tmp_path.iterdir()) == before


def test_a_bundle_that_cannot_be_put_there_says_so(
    project: Project, shelf: Shelf, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInstruction, match="is a folder"):
        write_bundle(project, shelf, tmp_path)
    with pytest.raises(InvalidInstruction, match="does not exist"):
        write_bundle(project, shelf, tmp_path / "none" / "film.zip")


def test_content_that_is_not_what_its_name_says_is_refused_whole(
    project: Project, other: Shelf, bundle: Path, tmp_path: Path
) -> None:
    name = f"media/{project.shots[1].media.sha256}"
    bad = _rezip(bundle, tmp_path / "bad.zip", {name: b"something else"})
    with pytest.raises(InvalidMedia, match=r"two\.png.*not the file"):
        read_bundle(bad, other)
    assert _untouched(other)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "media/../../up", "C:/x", "media\\..\\x", "a\nb"],
)
def test_names_that_lead_out_are_refused(
    name: str, other: Shelf, bundle: Path, tmp_path: Path
) -> None:
    bad = _rezip(bundle, tmp_path / "bad.zip", {name: b"x"})
    with pytest.raises(InvalidMedia, match="name"):
        read_bundle(bad, other)
    assert _untouched(other)
    assert not (tmp_path / "up").exists()


def test_links_are_refused(other: Shelf, bundle: Path) -> None:
    link = zipfile.ZipInfo("media/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InvalidMedia, match="link"):
        read_bundle(bundle, other)
    assert _untouched(other)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_stand_twice_are_refused(other: Shelf, bundle: Path) -> None:
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr("project.json", "{}")
    with pytest.raises(InvalidMedia, match="twice"):
        read_bundle(bundle, other)
    assert _untouched(other)


def test_what_others_put_beside_ours_is_ignored(
    project: Project, other: Shelf, bundle: Path, tmp_path: Path
) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a", bytes(1000))
    extra = {"__MACOSX/._project.json": b"x", "notes.txt": b"x", "inner.zip": inner.getvalue()}
    assert read_bundle(_rezip(bundle, tmp_path / "mac.zip", {**extra}), other) == project


def test_a_zip_around_a_bundle_says_what_to_unpack(
    other: Shelf, bundle: Path, tmp_path: Path
) -> None:
    outer = tmp_path / "outer.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(bundle, "film.zip")
    with pytest.raises(InvalidMedia, match=r"film\.zip"):
        read_bundle(outer, other)


def test_a_password_is_named(project: Project, other: Shelf, bundle: Path, tmp_path: Path) -> None:
    # The flag of an entry stands in its own header and in the list of contents.
    data = bytearray(bundle.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(signature, at + 1)
    bundle.write_bytes(data)
    with pytest.raises(InvalidMedia, match="password"):
        read_bundle(bundle, other)
    assert _untouched(other)


def _bomb(tmp_path: Path, shelf: Shelf, size: int) -> tuple[Path, Project]:
    """A bundle whose one sound is ``size`` zeros, packed to a thousandth."""
    zeros = tmp_path / "zeros"
    with zeros.open("wb") as file:
        file.truncate(size)
    ref = shelf.add(zeros, "photo")
    project = Project(shots=(SequenceShot(id="a", media=ref),))
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", project.to_json())
        archive.write(zeros, f"media/{ref.sha256}")
    return path, project


def test_what_unpacks_to_far_more_than_it_is_is_stopped_while_unpacking(
    tmp_path: Path, shelf: Shelf, other: Shelf
) -> None:
    path, _ = _bomb(tmp_path, shelf, 130_000_000)
    assert path.stat().st_size < 300_000
    with pytest.raises(LimitExceeded, match="unpacks to more than"):
        read_bundle(path, other)
    assert _untouched(other)


def test_a_size_that_lies_gains_nothing(tmp_path: Path, shelf: Shelf, other: Shelf) -> None:
    path, _ = _bomb(tmp_path, shelf, 3_000_000)
    data = path.read_bytes()
    # The list of contents says 5 bytes where there are three million.
    at = data.rfind(b"PK\x01\x02")
    path.write_bytes(data[: at + 24] + struct.pack("<I", 5) + data[at + 28 :])
    with pytest.raises(SynthError):
        read_bundle(path, other)
    assert _untouched(other)


def test_a_bundle_larger_than_the_limit_is_refused(
    tmp_path: Path, shelf: Shelf, other: Shelf
) -> None:
    path, _ = _bomb(tmp_path, shelf, 3_000_000)
    with pytest.raises(LimitExceeded):
        read_bundle(path, other, limits=Limits(bundle_bytes=1_000_000))
    assert _untouched(other)


def test_too_many_entries_are_refused(other: Shelf, bundle: Path) -> None:
    with zipfile.ZipFile(bundle, "a") as archive:
        for number in range(2_001):
            archive.writestr(f"x{number}", b"")
    with pytest.raises(LimitExceeded, match="2,000"):
        read_bundle(bundle, other)


def test_a_list_of_contents_that_fills_the_memory_is_refused_unread(
    other: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(9_000):
            archive.writestr(f"{number:0100d}", b"")
    with pytest.raises(LimitExceeded, match="list of contents"):
        read_bundle(path, other)


def test_every_cut_and_every_flipped_byte_gives_an_error_or_the_project(
    project: Project, bundle: Path, tmp_path: Path, other: Shelf
) -> None:
    data = bundle.read_bytes()
    bad = tmp_path / "bad.zip"
    rng = np.random.default_rng(5)
    cuts = [data[:end] for end in rng.integers(1, len(data), 40)]
    flips = []
    for at in rng.integers(0, len(data), 120):
        flips.append(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
    errors = 0
    for broken in cuts + flips:
        bad.write_bytes(broken)
        try:
            assert isinstance(read_bundle(bad, other), Project)
        except SynthError:
            errors += 1
        names = {p.name for p in other.folder.iterdir()}
        assert names <= {ref.sha256 for ref in project.media()}
        for ref in project.media():
            if other.has(ref):
                other.path(ref).unlink()
    assert errors > 60


def test_a_project_from_the_future_keeps_what_it_added_and_a_new_kind_is_refused(
    project: Project, other: Shelf, bundle: Path, tmp_path: Path
) -> None:
    text = project.to_json()
    newer = text.replace("project/1", "project/1.4", 1).replace('"name"', '"scent": 3, "name"', 1)
    path = _rezip(bundle, tmp_path / "newer.zip", {"project.json": newer.encode()})
    assert read_bundle(path, other).to_dict()["scent"] == 3
    path = _rezip(
        bundle, tmp_path / "other.zip",
        {"project.json": text.replace("project/1", "project/9", 1).encode()},
    )  # fmt: skip
    fresh = Shelf(tmp_path / "fresh")
    with pytest.raises(InvalidInstruction, match="project/9"):
        read_bundle(path, fresh)
    assert _untouched(fresh)


def test_a_project_is_read_from_its_json(
    project: Project, shelf: Shelf, other: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "film.anything"
    path.write_text("\ufeff" + project.to_json(indent=2), "utf-8")
    assert read_project(path, shelf).missing == ()
    opened = read_project(path, other)
    assert opened.project == project
    assert len(opened.missing) == 2


def _film(path: Path, texts: dict[str, str], format: str = "mp4") -> Path:
    with VideoWriter(
        path,
        width=32,
        height=32,
        fps=24,
        format=format,
        metadata=texts,  # type: ignore[arg-type]
    ) as writer:
        for _ in range(3):
            writer.write(np.zeros((32, 32, 3), np.uint8))
    return path


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("format", ["mp4", "png"])
def test_a_project_is_read_from_a_film_of_ours(
    project: Project, shelf: Shelf, tmp_path: Path, wrapped: bool, format: str
) -> None:
    text = project.to_json()
    text = f'{{"project": {text}}}' if wrapped else text
    path = _film(tmp_path / f"film.{format}", {METADATA_KEY: text}, format)
    opened = read_project(path, shelf)
    assert opened.project == project
    assert "read from the film" in opened.notes[0]


def test_films_without_a_project_say_what_they_are(shelf: Shelf, tmp_path: Path) -> None:
    plain = _film(tmp_path / "plain.mp4", {"comment": "x"})
    with pytest.raises(InvalidMedia, match="not made here"):
        read_project(plain, shelf)
    single = _film(tmp_path / "shot.mp4", {METADATA_KEY: f'{{"shot": {Shot().to_json()}}}'})
    with pytest.raises(InvalidInstruction, match="single shot"):
        read_project(single, shelf)
    damaged = _film(tmp_path / "damaged.mp4", {METADATA_KEY: '{"grade": 1}'})
    with pytest.raises(InvalidInstruction, match="damaged"):
        read_project(damaged, shelf)


@pytest.mark.parametrize("content", [b"\x00" * 200, b"<html>", b"PK\x03\x04", b"PK\x05\x06"])
def test_files_of_no_kind_are_refused(content: bytes, shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InvalidMedia):
        read_project(path, shelf)


def test_folders_pipes_and_nothing_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(InvalidMedia):
            read_project(path, shelf)


def test_one_file_in_two_parts_is_carried_once(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(photo)
    ref = shelf.add(photo, "photo")
    depth = MediaRef(sha256=ref.sha256, kind="depth")
    project = Project(shots=(SequenceShot(id="a", media=ref, depth=depth),))
    path = tmp_path / "film.zip"
    write_bundle(project, shelf, path)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 2
    assert read_bundle(path, other) == project


def test_what_was_left_half_unpacked_long_ago_goes_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    for name in (f".{'0' * 16}.part", f".{'1' * 16}.part", ".mine"):
        (shelf.folder / name).write_bytes(b"half")
    (shelf.folder / f".{'2' * 16}.bundle").mkdir()
    for number in "02":
        for left in shelf.folder.glob(f".{number}*"):
            os.utime(left, (1, 1))
    os.utime(shelf.folder / ".mine", (1, 1))
    Shelf(shelf.folder)
    assert sorted(p.name for p in shelf.folder.iterdir()) == [f".{'1' * 16}.part", ".mine"]
