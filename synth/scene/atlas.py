"""One texture for all opaque sheets, page under page."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.scene.mesh import Mesh
from synth.scene.sheets import Page, Sheet


def placed(
    mesh: Mesh, focal: float, centre: tuple[float, float], page: Page | None = None
) -> Sheet:
    """A mesh over a picture's pixels becomes a sheet in front of the home camera.

    Args:
        mesh: vertices in texels of the page.
        focal: of the photo, pixels.
        centre: the photo's centre in scene pixels, x and y.
        page: where its picture lies in the texture; at its top, texel for pixel, unless told.
    """
    page = page or Page(0, 1)
    x = mesh.x * page.scale + (page.scale - 1) / 2.0
    y = mesh.y * page.scale + (page.scale - 1) / 2.0
    return Sheet(
        x=((x - centre[0]) / focal).astype(np.float32),
        y=((y - centre[1]) / focal).astype(np.float32),
        disparity=mesh.disparity,
        u=mesh.x,
        v=(mesh.y + page.first_row).astype(np.float32),
        quads=mesh.quads,
    )


class Atlas:
    """Collects the sheets and their pictures; the first picture must be the widest."""

    def __init__(self, focal: float, centre: tuple[float, float]) -> None:
        """For a photo of focal length ``focal`` pixels whose centre is at ``centre``."""
        self._focal = focal
        self._centre = centre
        self._pictures: list[NDArray[np.uint8]] = []
        self.sheets: list[Sheet] = []
        self.pages: list[Page] = []

    def add(self, picture: NDArray[np.uint8], mesh: Mesh, scale: int = 1) -> None:
        """One more sheet with its picture, (h, w, 3), of ``scale`` scene pixels per texel."""
        page = Page(sum(p.shape[0] for p in self._pictures), scale)
        self._pictures.append(picture)
        self.pages.append(page)
        self.sheets.append(placed(mesh, self._focal, self._centre, page))

    def texture(self) -> NDArray[np.uint8]:
        """All pictures under one another with an unused fourth channel, (T, U, 4)."""
        rows = sum(picture.shape[0] for picture in self._pictures)
        columns = max(picture.shape[1] for picture in self._pictures)
        texture = np.empty((rows, columns, 4), np.uint8)
        for picture, page in zip(self._pictures, self.pages, strict=True):
            part = texture[page.first_row : page.first_row + picture.shape[0]]
            width = picture.shape[1]
            cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA, dst=part[:, :width])
            part[:, width:] = 255
        return texture
