from __future__ import annotations

import re
from pathlib import Path

import av

import synth.media

FIRST_SOUND_FFMPEG = (8, 1, 2)
FORBIDDEN = re.compile(
    r"cv2\.(VideoCapture|VideoWriter|imread|imdecode)|LOAD_TRUNCATED_IMAGES|MAX_IMAGE_PIXELS *="
)


def test_the_decoding_library_has_its_security_fixes() -> None:
    version = tuple(int(part) for part in re.findall(r"\d+", av.ffmpeg_version_info)[:3])
    assert version >= FIRST_SOUND_FFMPEG


def test_uploads_are_never_decoded_by_opencv_and_pillow_is_not_changed_globally() -> None:
    folder = Path(synth.media.__file__).parent
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    assert len(sources) > 5
    assert [name for name, text in sources.items() if FORBIDDEN.search(text)] == []
