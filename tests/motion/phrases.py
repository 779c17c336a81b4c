"""Directors' sentences and what each one asks of the camera, written before the parser existed.

A wanted camera is one line: moves that happen together are joined by ``+``, moves that follow one
another by ``>``. A move is ``type``, ``type:direction`` or ``type:direction:amount``; ``a|b``
accepts either word where the trade uses both, ``*`` accepts anything. The amount is a band of
intensity: ``low``, ``mid`` (also when the sentence says nothing about it) or ``high``. An empty
line means that the sentence says nothing about the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

BANDS: dict[str, tuple[float, float]] = {
    "low": (0.0, 0.40),
    "mid": (0.40, 0.62),
    "high": (0.62, 1.0),
    "*": (0.0, 1.0),
}
"""Intensity bands, lower bound excluded except at 0, upper bound included."""


@dataclass(frozen=True)
class Case:
    """One sentence and its right reading."""

    text: str
    camera: str
    seconds: float | None = None
    """Length of the whole camera work, seconds, where the sentence says it."""
    actions: tuple[str, ...] = ()
    """What the subjects do, where the sentence says it in the words of the control."""
    weather: str | None = None
    """Particle effect that the sentence asks for."""


CASES: tuple[Case, ...] = (
    # The brief's own sentences.
    Case("Camera pulling back revealing the full cityscape at sunrise", "pull_out|dolly:backward"),
    Case(
        "Camera pushes toward the protagonist standing on rooftop, sharp focus",
        "push_in|dolly:forward",
    ),
    Case(
        "Dynamic camera movement following character running across rooftops",
        "truck:*:high",
        actions=("run",),
    ),
    Case(
        "camera panning across urban street at night, detective walking",
        "pan:*",
        actions=("walk",),
    ),
    # One plain move in the trade's words.
    Case("Dolly in", "dolly:forward"),
    Case("dolly out", "dolly:backward"),
    Case("Truck left", "truck:left"),
    Case("truck right past the columns", "truck:right"),
    Case("Pedestal up", "pedestal:up"),
    Case("pedestal down to street level", "pedestal:down"),
    Case("pan left", "pan:left"),
    Case("Panning right over the valley", "pan:right"),
    Case("tilt up to reveal the tower", "tilt:up"),
    Case("Tilt down from the sky to the crowd below", "tilt:down"),
    Case("roll clockwise", "roll:clockwise"),
    Case("camera rolls counter-clockwise", "roll:counterclockwise"),
    Case("Zoom in on the clock", "zoom:forward"),
    Case("zoom-out", "zoom:backward"),
    Case("Crane up over the rooftops", "crane:up"),
    Case("jib down onto the table", "crane:down"),
    Case("Boom up", "crane|pedestal:up"),
    Case("orbit to the left around the statue", "orbit:left"),
    Case("Arc right around the couple", "arc:right"),
    Case("vertigo effect", "dolly_zoom:*"),
    Case("A dolly zoom on the detective's face", "dolly_zoom:*"),
    Case("zolly in", "dolly_zoom:forward"),
    Case("handheld", "handheld"),
    Case("push in", "push_in|dolly:forward"),
    Case("Pull out", "pull_out|dolly:backward"),
    Case("spiral in on the flower", "spiral:*"),
    Case("crab left", "truck:left"),
    Case("slider shot to the right", "truck:right"),
    # How much, how fast.
    Case("slow push in on her face, slight handheld", "push_in:forward:low + handheld:*:low"),
    Case("very slow dolly forward", "dolly:forward:low"),
    Case("Subtle zoom in", "zoom:forward:low"),
    Case("dramatic crane up", "crane:up:high"),
    Case("whip pan to the right", "pan:right:high"),
    Case("crash zoom on the villain", "zoom:forward:high"),
    Case("a barely noticeable drift to the left", "truck:left:low"),
    Case("gently tilting up", "tilt:up:low"),
    Case("the camera quickly pulls away", "pull_out|dolly:backward:high"),
    Case("fast truck to the left", "truck:left:high"),
    Case("Slowly zooming out from the old man's hands", "zoom:backward:low"),
    Case("sweeping orbit around the castle, clockwise", "orbit:clockwise|left:high"),
    Case("shaky handheld camera, war documentary style", "handheld:*:high"),
    Case("just a tiny bit of camera shake", "handheld:*:low"),
    Case("an extremely slow creep in towards the door", "push_in|dolly:forward:low"),
    Case("rapid tilt down", "tilt:down:high"),
    Case("moderate pan left", "pan:left:mid"),
    Case("Ken Burns effect", "push_in|dolly|zoom:forward:low"),
    # Degrees and seconds.
    Case("pan right 10 degrees", "pan:right:high"),
    Case("tilt up 2 degrees", "tilt:up:low"),
    Case("orbit 8° to the left", "orbit:left:mid"),
    Case("roll 30 degrees clockwise", "roll:clockwise:high"),
    Case("push in over 4 seconds", "push_in:forward", seconds=4.0),
    Case("hold the shot for 5 seconds", "static", seconds=5.0),
    Case("A 6 second slow pan to the left", "pan:left:low", seconds=6.0),
    Case("zoom out for 2.5s", "zoom:backward", seconds=2.5),
    Case("crane down over two seconds", "crane:down", seconds=2.0),
    # Together.
    Case("crane up and pan left", "crane:up + pan:left"),
    Case("Dolly forward while tilting down", "dolly:forward + tilt:down"),
    Case("zoom in as the camera pans right", "zoom:forward + pan:right"),
    Case(
        "Orbit around the dancer with a little handheld shake",
        "orbit:* + handheld:*:low",
    ),
    Case("pull back and rise up above the trees", "pull_out|dolly:backward + crane|pedestal:up"),
    Case("truck right and pan left at the same time", "truck:right + pan:left"),
    Case("pan and tilt up to the left", "pan:left + tilt:up"),
    Case(
        "slow tracking shot to the left combined with a subtle tilt down",
        "truck:left:low + tilt:down:low",
    ),
    Case("Pedestal up, simultaneously tilting down", "pedestal:up + tilt:down"),
    Case("handheld push in", "push_in:forward + handheld"),
    # One after another.
    Case("push in, then pan left", "push_in:forward > pan:left"),
    Case("Tilt up and then zoom out", "tilt:up > zoom:backward"),
    Case("pan left followed by a slow zoom in", "pan:left > zoom:forward:low"),
    Case("pan left, then right", "pan:left > pan:right"),
    Case("Before zooming in, the camera pans right", "pan:right > zoom:forward"),
    Case("After a quick pan left, dolly in", "pan:left:high > dolly:forward"),
    Case("crane down before pushing in", "crane:down > push_in:forward"),
    Case("zoom in after tilting up", "tilt:up > zoom:forward"),
    Case(
        "First the camera tilts down, next it trucks right, finally it zooms in",
        "tilt:down > truck:right > zoom:forward",
    ),
    Case("Hold on her face, then slowly pull out", "static > pull_out:backward:low"),
    Case("dolly in. Then orbit right.", "dolly:forward > orbit:right"),
    Case(
        "pan right for 2 seconds, then tilt up for 3 seconds",
        "pan:right > tilt:up",
        seconds=5.0,
    ),
    Case(
        "Start with a slow push in and end on a fast zoom out",
        "push_in:forward:low > zoom:backward:high",
    ),
    # Nothing moves.
    Case("locked off shot", "static"),
    Case("camera stays still, no movement", "static"),
    Case("Static shot of a lighthouse in fog", "static", weather="fog"),
    Case("The camera does not move.", "static"),
    Case("tripod shot, fixed camera", "static"),
    Case("no camera motion whatsoever", "static"),
    Case("Keep the camera perfectly still while she dances", "static", actions=("dance",)),
    Case("without moving the camera", "static"),
    Case("stationary camera, rain falling on the window", "static", weather="rain"),
    Case("locked-down wide, nothing moves", "static"),
    # Something is ruled out.
    Case("slow dolly in, no zoom", "dolly:forward:low"),
    Case("pan left without tilting", "pan:left"),
    Case("No handheld shake, just a gentle push in", "push_in:forward:low"),
    Case("The camera doesn't pan, it trucks to the right", "truck:right"),
    Case("dolly in instead of zooming", "dolly:forward"),
    Case("zoom out, but don't pan or tilt", "zoom:backward"),
    Case("Truck right rather than pan right", "truck:right"),
    Case("crane up, never rolling", "crane:up"),
    # Everyday English.
    Case("The camera slowly moves closer to the house", "dolly|push_in:forward:low"),
    Case("camera goes up", "pedestal|crane:up"),
    Case("move the camera to the left a little", "truck:left:low"),
    Case("The camera turns to the right", "pan:right"),
    Case("we look up at the ceiling", "tilt:up"),
    Case("camera circles around the car", "orbit:*"),
    Case("the camera backs away from the monster", "pull_out|dolly:backward"),
    Case("Fly forward through the canyon", "dolly|push_in:forward"),
    Case("drone shot rising above the forest", "crane|pedestal:up"),
    Case("tracking shot following her to the left", "truck:left"),
    Case("the camera glides sideways to the right along the bar", "truck:right"),
    Case("close in on his eyes", "push_in|dolly|zoom:forward"),
    Case("camera descends slowly to the water", "pedestal|crane:down:low"),
    Case("dutch angle roll clockwise", "roll:clockwise"),
    Case("Dutch tilt to the left", "roll:counterclockwise"),
    Case("pan from left to right across the skyline", "pan:right"),
    Case("right-to-left tracking shot", "truck:left"),
    Case("camera swings around behind him", "orbit|arc:*"),
    Case("The view drifts upward, very gently", "pedestal|crane:up:low"),
    Case("steadicam gliding forward down the corridor", "dolly|push_in:forward"),
    Case(
        "Camera follows the runner from behind down the alley",
        "dolly|push_in:forward",
    ),
    Case("Camera moves back slowly, revealing the army", "dolly|pull_out:backward:low"),
    Case("move in on the letter, then up to her face", "push_in|dolly:forward > *:up"),
    Case(
        "cinematic, golden hour, slow motion, camera slowly pushing in, 35mm, shallow focus",
        "push_in|dolly:forward:low",
    ),
    Case(
        "Heavy rain, protagonist walking, camera dollies backward",
        "dolly:backward",
        actions=("walk",),
        weather="rain",
    ),
    Case("Snow falls over the village as the camera cranes down", "crane:down", weather="snow"),
    # Words that belong to the subject, and sentences that contain nothing.
    Case("a pan on the stove", ""),
    Case("the crane in the harbour", ""),
    Case("she rolls her eyes", ""),
    Case("zoom call with two colleagues", ""),
    Case("A red truck parked outside a diner at night", ""),
    Case("She tilts her head and smiles", ""),
    Case("Rolling hills of Tuscany in the morning", ""),
    Case("the old spiral staircase of a lighthouse", ""),
    Case("he pulls back the curtain", ""),
    Case("waves rolling onto the beach", ""),
    Case("an origami crane on a desk", ""),
    Case("Peter Pan statue in the park", ""),
    Case("The moon orbits the earth", ""),
    Case("portrait of a woman, 85mm, film grain, moody light", ""),
    Case("A dog.", ""),
    Case("She pushes the door open", ""),
    Case("train tracks through the snow", "", weather=None),
    # Subject words beside a real move.
    Case("a pan on the stove, slow zoom in", "zoom:forward:low"),
    Case("Slow push in on the truck parked by the road", "push_in:forward:low"),
    Case("she rolls her eyes as the camera pulls back", "pull_out|dolly:backward"),
    Case("tilt up along the crane in the harbour", "tilt:up"),
    Case("orbit right around the spiral staircase", "orbit:right"),
)
