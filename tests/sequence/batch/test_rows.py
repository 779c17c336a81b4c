from __future__ import annotations

from pathlib import Path

import pytest

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.sequence.batch.rows import Row, file_names, read_csv, rows_from_folder
from synth.shot.model import Shot


def _table(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_folder_gives_a_row_for_each_picture_in_order(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "C.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "inside").mkdir()
    rows = rows_from_folder(tmp_path)
    assert [(row.number, row.image.name) for row in rows] == [
        (1, "a.png"), (2, "b.JPG"), (3, "C.webp"),
    ]  # fmt: skip


def test_folders_without_pictures_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInstruction, match="no pictures"):
        rows_from_folder(tmp_path)
    with pytest.raises(InvalidInstruction, match="no folder"):
        rows_from_folder(tmp_path / "none")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_whatever_saved_it(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [
        ["image", "prompt", "seconds", "id", "motion.camera.type", "lens.aperture"],
        ["a.png", '"A slow, steady push in"', "4", "première", "", "2.8"],
        [],
        ["b.png", "", "", "", "dolly", ""],
    ]
    text = "\r\n".join(separator.join(cells) for cells in lines)
    first, second = read_csv(_table(tmp_path, text.encode(encoding)))
    assert first == Row(
        1, tmp_path / "a.png", "première", "A slow, steady push in", "4",
        (("lens.aperture", "2.8"),),
    )  # fmt: skip
    assert second == Row(2, tmp_path / "b.png", settings=(("motion.camera.type", "dolly"),))


def test_a_row_changes_the_recipe_where_it_says_something() -> None:
    recipe = Shot.from_dict(
        {"motion": {"camera": {"type": "truck", "direction": "left", "duration": 3}}, "seed": 5}
    )
    row = Row(
        1, Path("a.png"), prompt="Dolly in", seconds="4.5",
        settings=(
            ("lens.aperture", "0.5"), ("output.fps", "30"), ("motion.camera.intensity", "0.2"),
        ),
    )  # fmt: skip
    shot = row.shot(recipe)
    assert shot.prompt == "Dolly in"
    assert shot.seconds == 4.5
    assert (shot.lens.aperture, shot.output.fps, shot.seed) == (0.5, "30", 5)
    assert (shot.motion.moves[0].type, shot.motion.moves[0].intensity) == ("dolly", 0.2)
    words = Row(1, Path("a.png"), prompt="A sad afternoon").shot(recipe)
    assert words.motion == recipe.motion
    assert Row(1, Path("a.png")).shot(recipe) == recipe


def test_of_several_moves_each_can_be_set() -> None:
    recipe = Shot.from_dict(
        {"motion": {"camera": [{"type": "pan", "direction": "left"}, {"type": "dolly"}]}}
    )
    row = Row(1, Path("a"), settings=(("motion.camera[1].intensity", "0.1"),))
    assert row.shot(recipe).motion.moves[1].intensity == 0.1
    with pytest.raises(InvalidInstruction, match=r"camera\[0\]"):
        Row(1, Path("a"), settings=(("motion.camera.intensity", "0.1"),)).shot(recipe)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row(7, Path("a"), seconds="soon"), "Row 7, column 'seconds'.*no number"),
        (Row(7, Path("a"), seconds="900"), "Row 7, column 'seconds'.*60"),
        (Row(7, Path("a"), seconds="nan"), "Row 7, column 'seconds'"),
        (Row(7, Path("a"), settings=(("lens.aperture", "-1"), ("seed", "3"))),
         "Row 7, column 'lens.aperture'"),
        (Row(7, Path("a"), settings=(("motion.camera.type", "dollly"),)),
         "Row 7, column 'motion.camera.type'.*dolly"),
        (Row(7, Path("a"), settings=(("seed.inner", "3"),)), "Row 7, column 'seed.inner'"),
        (Row(7, Path("a"), settings=(("output.fps", '{"a": NaN}'),)), "Row 7, column 'output.fps'"),
        (Row(7, Path()), "Row 7, column 'image'"),
    ],
)  # fmt: skip
def test_nonsense_names_the_row_and_the_column(row: Row, words: str) -> None:
    recipe = Shot.from_dict({"motion": {"camera": {"type": "dolly"}}})
    with pytest.raises(InvalidInstruction, match=words):
        row.shot(recipe)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", InvalidMedia, "empty"),
        ("image\n", InvalidInstruction, "no rows"),
        ("photo\na.png\n", InvalidInstruction, "'photo'"),
        ("prompt\nx\n", InvalidInstruction, "'image'"),
        ("image,image\na,b\n", InvalidInstruction, "twice"),
        ("image,lenz.aperture\na,2\n", InvalidInstruction, r"lenz\.aperture.*lens"),
        ("image,id\na.png,b,c\n", InvalidInstruction, "Row 1 has 3 cells"),
        ('image\n"a.png\n', InvalidInstruction, "line"),
        ("image\n\xe9\n".encode("latin-1"), InvalidMedia, "UTF-8"),
        (b"image\n\0\0\n", InvalidMedia, "no table"),
        ("image\n" + "a.png\n" * 10_001, LimitExceeded, "10,000"),
        (",".join(["image"] + [f"lens.{i}" for i in range(101)]) + "\n", LimitExceeded, "columns"),
    ],
    ids=range(12),
)
def test_tables_that_cannot_be_read_say_where(
    text: str | bytes, error: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words):
        read_csv(_table(tmp_path, text))


def test_names_of_videos_never_meet() -> None:
    rows = [
        Row(1, Path("a/x.jpg")), Row(2, Path("b/X.png")), Row(3, Path("c.png"), id="x"),
        Row(4, Path("d.png"), id="../../etc/passwd"), Row(5, Path("e.png"), id="con"),
        Row(6, Path("f.png"), id=" ..."), Row(7, Path("g.png"), id="x_2"),
        Row(8, Path("h.png"), id="日" * 300),
    ]  # fmt: skip
    names = file_names(rows, ".mp4")
    assert names[:4] == ("x.mp4", "X_2.mp4", "x_3.mp4", "_.._etc_passwd.mp4")
    assert names[4:7] == ("con_.mp4", "row 6.mp4", "x_2_2.mp4")
    assert len(names[7]) == 104
    assert len({name.casefold() for name in names}) == len(rows)
