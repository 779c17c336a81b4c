"""How the page looks: dark, calm, one warm accent, the system's own letters."""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils import colors, fonts, sizes

_SANS = (
    fonts.Font("ui-sans-serif"),
    fonts.Font("system-ui"),
    fonts.Font("-apple-system"),
    fonts.Font("Segoe UI"),
    fonts.Font("Inter"),
    fonts.Font("Roboto"),
    fonts.Font("Noto Sans"),
    fonts.Font("sans-serif"),
)
_MONO = (
    fonts.Font("ui-monospace"),
    fonts.Font("SF Mono"),
    fonts.Font("Cascadia Mono"),
    fonts.Font("DejaVu Sans Mono"),
    fonts.Font("monospace"),
)


class Darkroom(Base):
    """A dark room with one warm lamp; the same in the browser's light and dark mode."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=colors.amber,
            secondary_hue=colors.sky,
            neutral_hue=colors.slate,
            spacing_size=sizes.spacing_sm,
            radius_size=sizes.radius_md,
            text_size=sizes.text_sm,
            font=_SANS,
            font_mono=_MONO,
        )
        values = {
            "body_background_fill": "#0b0c0f",
            "background_fill_primary": "#14161b",
            "background_fill_secondary": "#1b1e25",
            "body_text_color": "#ecebe7",
            "body_text_color_subdued": "#a3a8b4",
            "block_background_fill": "#14161b",
            "block_border_color": "#272b34",
            "border_color_primary": "#272b34",
            "border_color_accent": "#ffb454",
            "color_accent_soft": "#2a2418",
            "input_background_fill": "#0f1115",
            "input_border_color": "#323743",
            "button_primary_background_fill": "#ffb454",
            "button_primary_text_color": "#1a1204",
            "button_secondary_background_fill": "#232731",
            "button_secondary_text_color": "#ecebe7",
            "link_text_color": "#ffc980",
        }
        both = {**values, **{f"{name}_dark": value for name, value in values.items()}}
        super().set(**both)
