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

SEALED: tuple[Scene, ...] = (
    Scene(
        "Tracking shot to the right, a courier jogging to the right in a light drizzle",
        ("courier run 0.25 left_to_right",),
        "rain low still",
        "truck:right",
    ),
    Scene("the hero strides confidently toward the lens", ("hero walk 0.5 toward_camera",)),
    Scene(
        "Woman dancing barefoot on the beach, handheld",
        ("woman dance 0.5 in_place",),
        None,
        "handheld",
    ),
    Scene("Make the elephant walk very slowly to the right", ("elephant walk 0.1 left_to_right",)),
    Scene(
        "three boys race to the left while their dog jumps",
        ("boys run 0.9 right_to_left", "dog jump 0.5 in_place"),
    ),
    Scene(
        "The scarecrow falls over slowly, autumn leaves blowing left",
        ("scarecrow fall 0.25 in_place",),
        "leaves mid left",
    ),
    Scene("gentle breathing of the sleeping princess", ("princess idle 0.25 in_place",)),
    Scene(
        "Pull out slowly. A thick haze hangs over the city.",
        (),
        "fog * still",
        "pull_out|dolly:backward:low",
    ),
    Scene("snowfall, strong gusts blowing to the left", (), "snow mid left"),
    Scene("a swirl of sparks rising from the bonfire", (), "embers mid still"),
    Scene("volumetric light rays and floating dust", (), "light_rays mid still"),
    Scene(
        "it rains hard, the detective walks into the night",
        ("detective walk 0.5 away_from_camera",),
        "rain high still",
    ),
    Scene("seagulls float on the wind, tilt up", ("seagulls float 0.5 in_place",), None, "tilt:up"),
    Scene(
        "the lantern sways in wind blowing from the right, no rain",
        ("lantern sway 0.5 in_place",),
        "none * left",
    ),
    # Traps.
    Scene("a jumping-off point for hikers, standing signpost"),
    Scene("the actress runs a hand through her hair"),
    Scene("he leaves his coat by the door, zoom out", (), None, "zoom:backward"),
    Scene("a snow-white cat on a fog-grey sofa"),
    Scene("laundry on the line after a storm of rain"),
    Scene("a bridge of falling water carved in marble, dancing-shoe shop next door"),
)
"""Twenty more, written when all but two of the above were read rightly: fourteen that ask for
something, and six traps. On first reading 16 were right (80 %): 11 of the fourteen, 5 of the six.
"""
