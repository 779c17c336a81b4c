"""Who draws each shot of a project, with which styles, and what of that decides its frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synth.backends.protocol import Backend
from synth.backends.registry import make_backend
from synth.backends.settings import BackendSettings
from synth.errors import Cancelled, SynthError
from synth.sequence.project import Project, SequenceShot
from synth.sequence.shelf import content_hash
from synth.shot.model import Shot
from synth.shot.styling import Styling, is_address, styling_of
from synth.style.model import StyleFile
from synth.style.resolve import Resolver


@contextmanager
def named(shot: SequenceShot) -> Iterator[None]:
    """Puts the shot's name in front of what goes wrong with it."""
    try:
        yield
    except Cancelled:
        raise
    except SynthError as error:
        name, text = f"Shot {shot.id!r}: ", str(error)
        if text.startswith(name):
            raise
        raise type(error)(name + text) from error


def at_rate(project: Project, shot: SequenceShot) -> Shot:
    """The instructions of a photo's shot, at the film's rate."""
    output = project.output.output.model_copy(update={"format": "mp4"})
    return shot.shot.model_copy(update={"output": output})


class Artists:
    """The backends and styles of one project's shots."""

    def __init__(
        self,
        project: Project,
        *,
        styles: Resolver | None = None,
        token: str | None = None,
        sketch: bool = False,
    ) -> None:
        """Nothing is looked for yet.

        Args:
            project: the project.
            styles: finds the styles that prompts' tags name; without it a tag is an error.
            token: of the user's account, for the backends that ask for one; it is kept nowhere
                but in this object.
            sketch: draw all shots by geometry, whoever will draw them in the end.
        """
        self._project = project
        self._resolver = styles
        self._token = token
        self._sketch = sketch
        self._styled: dict[str, Styling] = {}
        self._hashes: dict[Path, str] = {}

    def shot(self, shot: SequenceShot) -> Shot:
        """The instructions as they are drawn."""
        drawn = at_rate(self._project, shot)
        return drawn.model_copy(update={"backend": BackendSettings()}) if self._sketch else drawn

    def has_stage(self, shot: SequenceShot) -> bool:
        """Whether geometry draws it, so that frames of it can be drawn anew."""
        return shot.is_photo and (self._sketch or shot.is_geometry)

    def backend(self, shot: SequenceShot) -> Backend:
        """Whoever draws it."""
        return make_backend(self.shot(shot).backend, token=self._token)

    def styling(self, shot: SequenceShot) -> Styling:
        """What the tags in its words ask for; raises as ``styling_of``, with its name in front."""
        if shot.id not in self._styled:
            with named(shot):
                drawn = self.shot(shot)
                able = make_backend(drawn.backend).capabilities
                sketch = self._sketch and not shot.is_geometry
                self._styled[shot.id] = styling_of(drawn, able, self._resolver, sketch=sketch)
        return self._styled[shot.id]

    def said(self, shot: SequenceShot) -> dict[str, Any]:
        """All that decides its frames beside the photo, its depth and the film's form."""
        drawn, styling = self.shot(shot), self.styling(shot)
        instructions = drawn.to_dict()
        for name in ("prompt", "output"):
            instructions.pop(name)
        said: dict[str, Any] = {"shot": instructions, "backend": drawn.backend.name}
        if drawn.backend.name != "geometric":
            # Geometry only draws what is instructed; whatever reads words depends on them.
            said["words"] = [styling.prompt, self._project.lighting.strip()]
        if styling.uses:
            said["styles"] = [[self._hash(use.file), use.strength] for use in styling.uses]
        return said

    def _hash(self, file: StyleFile) -> str:
        if is_address(file.name):
            return file.name
        path = file.path
        if path not in self._hashes:
            self._hashes[path] = content_hash(path)
        return self._hashes[path]
