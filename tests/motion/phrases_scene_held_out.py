"""Sentences about subjects and weather written after the parser could read those of
``phrases_scene.py``, to see how it does on what it was not made for. The notation is the same.

On first reading 15 of the 20 were right (75 %): 11 of the 14 that ask for something, 4 of the 6
traps. The expectations stand as they were first written.
"""

from __future__ import annotations

from tests.motion.phrases_scene import Scene

HELD_OUT: tuple[Scene, ...] = (
    Scene(
        "An old fisherman limps away from us along the pier, light mist",
        ("fisherman walk 0.25 away_from_camera",),
        "fog low still",
    ),
    Scene(
        "Truck right with the cyclist as a golden retriever sprints alongside to the right",
        ("retriever run 1 left_to_right",),
        None,
        "truck:right",
    ),
    Scene(
        "The skeleton dances wildly in the middle of the graveyard, dense fog",
        ("skeleton dance 0.75 in_place",),
        "fog high still",
    ),
    Scene(
        "two kids leap into the lake, then the camera pulls back",
        ("kids jump 0.5 in_place",),
        None,
        "pull_out|dolly:backward",
    ),
    Scene(
        "Cherry trees swaying, a breeze from the right", ("trees sway 0.5 in_place",), "none * left"
    ),
    Scene(
        "The queen turns slowly toward the camera while snowflakes drift down",
        ("queen turn 0.25 in_place",),
        "snow mid still",
    ),
    Scene("rain lashes the windows, the wind blows from left to right", (), "rain * right"),
    Scene("crane down through swirling embers", (), "embers mid still", "crane:down"),
    Scene(
        "A tired traveller trudges through a blizzard, right to left",
        ("traveller walk 0.25 right_to_left",),
        "snow high still",
    ),
    Scene("sunbeams through a dusty attic, locked-off", (), "light_rays mid still", "static"),
    Scene(
        "My daughter waves at the camera, slow dolly in",
        ("daughter wave 0.5 in_place",),
        None,
        "dolly:forward:low",
    ),
    Scene("the knight collapses in slow motion", ("knight fall 0.5 in_place",)),
    Scene(
        "A ghost hovers above the bed, it never rains",
        ("ghost float 0.5 in_place",),
    ),
    Scene("dead leaves blown toward the viewer by strong gusts", (), "leaves mid forward"),
    # Traps.
    Scene("the jogger has stopped running and catches her breath"),
    Scene("Rainy-day umbrella stand beside a walk-in closet"),
    Scene("a sparkling snow globe on a windowsill"),
    Scene("sunlight falls on the dancer's shoes, whose ribbons wave"),
    Scene("a wave of heat over the running track, pan left", (), None, "pan:left"),
    Scene("Foggy Bottom metro station, the escalator turns off at night"),
)
"""Fourteen that ask for something, and six traps."""
