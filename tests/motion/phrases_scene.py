"""Sentences about what subjects do and what is in the air, written before the parser could read it.

The camera is written as in ``phrases.py``. A subject is ``id action speed direction``, the speed
as the number that the parser documents for the word (0.25 slowly, 0.5 nothing said, 0.75 quickly,
1 sprinting). The air is ``effect band wind``, with the bands of ``phrases.py`` for its strength and
the side that the wind blows to.

On first reading, before anything was done for them, 36 of the 70 were right (51 %): 19 of the 48
that ask for something, 17 of the 22 traps.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """One sentence and its right reading."""

    text: str
    subjects: tuple[str, ...] = ()
    air: str | None = None
    camera: str = ""


TOLD: tuple[Scene, ...] = (
    # Who does what, how fast, where to.
    Scene("The robot walks slowly to the left", ("robot walk 0.25 right_to_left",)),
    Scene("a dancer dancing in place", ("dancer dance 0.5 in_place",)),
    Scene("She waves", ("subject wave 0.5 in_place",)),
    Scene("the cat jumps", ("cat jump 0.5 in_place",)),
    Scene("He falls", ("subject fall 0.5 in_place",)),
    Scene(
        "following the character running across the rooftops in heavy rain, wind from the left",
        ("character run 0.5 left_to_right",),
        "rain high right",
        "truck:*",
    ),
    Scene("the old man strolls toward us", ("man walk 0.25 toward_camera",)),
    Scene("A woman walks briskly away from the camera", ("woman walk 0.75 away_from_camera",)),
    Scene("the girl sprints from left to right", ("girl run 1 left_to_right",)),
    Scene("a dog runs quickly in from the left", ("dog run 0.75 left_to_right",)),
    Scene(
        "The knight comes in from the right, walking slowly", ("knight walk 0.25 right_to_left",)
    ),
    Scene("an astronaut floating weightlessly", ("astronaut float 0.5 in_place",)),
    Scene("the ballerina spins slowly on the spot", ("ballerina turn 0.25 in_place",)),
    Scene("the palm tree sways gently in the breeze", ("tree sway 0.25 in_place",)),
    Scene(
        "The robot walks to the right while the girl dances",
        ("robot walk 0.5 left_to_right", "girl dance 0.5 in_place"),
    ),
    Scene(
        "the man and the woman dance slowly",
        ("man dance 0.25 in_place", "woman dance 0.25 in_place"),
    ),
    Scene(
        "Walking slowly to the left, the detective lights a cigarette",
        ("detective walk 0.25 right_to_left",),
    ),
    Scene(
        "the protagonist breathes calmly, static camera",
        ("protagonist idle 0.25 in_place",),
        None,
        "static",
    ),
    Scene("make the horse gallop to the right", ("horse run 0.75 left_to_right",)),
    Scene("the man in the red coat walks toward the camera", ("man walk 0.5 toward_camera",)),
    Scene("He stops and waves at us", ("subject wave 0.5 in_place",)),
    Scene(
        "slow push in while the soldier runs toward the camera",
        ("soldier run 0.5 toward_camera",),
        None,
        "push_in:forward:low",
    ),
    Scene(
        "The camera slowly pans left as the postman walks by",
        ("postman walk 0.5 in_place",),
        None,
        "pan:left:low",
    ),
    Scene(
        "a paper lantern floats, then the camera tilts up",
        ("lantern float 0.5 in_place",),
        None,
        "tilt:up",
    ),
    Scene("children jumping up and down very fast", ("children jump 0.9 in_place",)),
    Scene("the drunk sailor staggers and collapses", ("sailor walk 0.25 in_place",)),
    Scene("A boy runs into the distance", ("boy run 0.5 away_from_camera",)),
    Scene("a couple waltzing in light snow", ("couple dance 0.5 in_place",), "snow low still"),
    Scene(
        "one wolf runs left, another wolf runs right",
        ("wolf run 0.5 right_to_left", "wolf 2 run 0.5 left_to_right"),
    ),
    # What is in the air, how strong, and which way it is blown.
    Scene("light drizzle over the harbour", (), "rain low still"),
    Scene("a torrential downpour, pan left", (), "rain high still", "pan:left"),
    Scene("blizzard, wind blowing left", (), "snow high left"),
    Scene("It is snowing lightly", (), "snow low still"),
    Scene("mist between the trees", (), "fog low still"),
    Scene("morning haze over the fields, crane up", (), "fog low still", "crane:up"),
    Scene("thick fog rolls in", (), "fog high still"),
    Scene("sparks fly from the forge", (), "embers mid still"),
    Scene("autumn leaves swirling, gusts from the right", (), "leaves mid left"),
    Scene("leaves drifting to the right", (), "leaves mid right"),
    Scene("fireflies glow above the meadow at dusk", (), "fireflies mid still"),
    Scene("god rays through the cathedral window", (), "light_rays mid still"),
    Scene("soft bokeh lights drifting", (), "bokeh low still"),
    Scene("a few dust motes in the sunlight", (), "dust low still"),
    Scene("heavy snow, gusts toward the camera", (), "snow high forward"),
    Scene("rain with wind blowing away from us", (), "rain mid backward"),
    Scene("no rain, only fog", (), "fog mid still"),
    Scene("rain without wind", (), "rain mid still"),
    Scene("shafts of light fall through the leaves", (), "light_rays mid still"),
)
"""Sentences that ask for something."""

TRAPS: tuple[Scene, ...] = (
    Scene("a man standing on a bridge"),
    Scene("the swordsman at rest beneath a tree"),
    Scene("a rainbow over the valley, pan right", (), None, "pan:right"),
    Scene("snow-covered mountain at sunrise"),
    Scene("a fallen tree across the path"),
    Scene("running water in a stone basin, slow zoom in", (), None, "zoom:forward:low"),
    Scene("a floating market in Bangkok"),
    Scene("she leaves the frame"),
    Scene("the train leaves the station, static shot", (), None, "static"),
    Scene("waves crash against the rocks"),
    Scene("a river runs through the valley"),
    Scene("night falls over the city"),
    Scene("a runner in red running shoes stands at the start"),
    Scene("a bronze statue of a dancing girl"),
    Scene("rain-slicked street at night, no rain"),
    Scene("she falls asleep on the sofa"),
    Scene("the king turns the key in the lock"),
    Scene("85mm portrait of a woman, creamy bokeh background"),
    Scene("a dusty road lined with walking trails"),
    Scene("tea leaves in a porcelain cup"),
    Scene("a windmill on a hill, wind turbines behind"),
    Scene("the man does not walk, he waits"),
)
"""Sentences in which the same words describe the picture and ask for nothing."""
