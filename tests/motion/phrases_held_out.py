"""Sentences written after the parser was finished, to see how it does on what it was not made for.

On first reading 28 of the 30 were right (93 %): a truck "in the background" was taken for a move,
and a subject was said to fall who stood "under falling petals". Both faults were of a general kind
and were mended afterwards; the expectations stand as they were first written. The notation is that
of ``phrases.py``.
"""

from __future__ import annotations

from tests.motion.phrases import Case

HELD_OUT: tuple[Case, ...] = (
    Case("The camera creeps forward down a candlelit hallway", "dolly|push_in:forward:*"),
    Case("Gimbal shot gliding to the right past market stalls", "truck:right"),
    Case("Gently pull away from the lighthouse as dusk settles", "pull_out|dolly:backward:low"),
    Case("We drift in on the old photograph", "dolly|push_in:forward:*"),
    Case("tilt up, then crane up, then a fast zoom out", "tilt:up > crane:up > zoom:backward:high"),
    Case(
        "A bride laughing under falling petals, tiny push in, handheld",
        "push_in:forward:low + handheld",
    ),
    Case("rotate the camera anticlockwise by 6 degrees", "roll:counterclockwise:low"),
    Case("Camera swoops over the rooftops", "dolly:forward"),
    Case("static frame, only the candle flickers", "static"),
    Case("Hold for two seconds and then whip pan left", "static > pan:left:high"),
    Case("There should be no camera movement in this shot", "static"),
    Case(
        "arc around her to the left while slowly pushing in", "arc|orbit:left + push_in:forward:low"
    ),
    Case("the lens zooms all the way in on the keyhole", "zoom:forward:high"),
    Case("A barista pours milk, truck in the background, soft light", ""),
    Case("Sweeping camera move from right to left across the battlefield", "truck|pan:left:high"),
    Case("He arches his back and rolls onto the mat", ""),
    Case("Begin on the ceiling fan and tilt down to the sleeping dog", "tilt:down"),
    Case("After the camera pans right, it zooms in", "pan:right > zoom:forward"),
    Case("an eight second push in", "push_in:forward", seconds=8.0),
    Case("Track with the skateboarder, moving right", "truck:right"),
    Case("subtle dolly zoom to make the hallway stretch", "dolly_zoom:*:low"),
    Case("Camera lowers to the ground and tilts up at the giant", "pedestal|crane:down + tilt:up"),
    Case("keep the frame locked, no pan or zoom", "static"),
    Case("The orbiting space station glints in the sun", ""),
    Case("Orbiting the perfume bottle counterclockwise, very slowly", "orbit:counterclockwise:low"),
    Case(
        "Move the camera backwards and up at the same time",
        "dolly|pull_out:backward + pedestal|crane:up",
    ),
    Case("Violent handheld shake during the explosion", "handheld:*:high"),
    Case("from a wide view, close in slowly on the violinist", "push_in|dolly|zoom:forward:low"),
    Case(
        "camera slides left for 3 seconds then right for 3 seconds",
        "truck:left > truck:right",
        seconds=6.0,
    ),
    Case("A snowstorm rages while the camera stays fixed on the cabin", "static", weather="snow"),
)

SEALED: tuple[Case, ...] = (
    Case("Golden retriever on a beach, camera tracks left alongside it, low angle", "truck:left"),
    Case("A slow reveal: pan right from the wall to the open window", "pan:right:low"),
    Case("Photo comes alive with a very subtle zoom in", "zoom:forward:low"),
    Case("Camera makes a half circle around the motorbike", "orbit|arc:*"),
    Case(
        "make the camera go forward slowly and also go up",
        "dolly|push_in:forward:low + pedestal|crane:up",
    ),
    Case("The shot is static for 2 seconds, then pushes in", "static > push_in|dolly:forward"),
    Case(
        "Drone ascends while tilting down to keep the boat in frame",
        "pedestal|crane:up + tilt:down",
    ),
    Case("An orchestra pit, strings trembling, candle smoke curling upward", ""),
    Case("tilt down slowly, pause, tilt back up", "tilt:down:low > static > tilt:up"),
    Case("super fast dolly in on the shark", "dolly|push_in:forward:high"),
    Case(
        "Pull back slowly through the window, ending on a wide of the house",
        "pull_out|dolly:backward:low",
    ),
    Case("don't shake, just glide right", "truck:right"),
    Case("Camera looks left, then looks right", "pan:left > pan:right"),
    Case("rolling shot, camera tilts clockwise", "roll:clockwise"),
    Case("The chef flips a pancake in the pan; camera is locked off", "static"),
    Case("camera rising, rotating to the right", "pedestal|crane:up + pan:right"),
    Case("Circle the temple from left to right", "orbit:right|left"),
    Case("Tracking in on a pair of boots, then up to the face", "dolly|push_in:forward > *:up"),
    Case("The camera barely moves forward", "dolly|push_in:forward:low"),
    Case("steady push, no wobble", "push_in|dolly:forward"),
    Case("pedestal down 3 seconds while zooming in", "pedestal:down + zoom:forward", seconds=3.0),
    Case("A crane operator eats lunch high above the city", ""),
    Case("Camera trembles as the train passes", "handheld"),
    Case("Lateral dolly to the left, slow", "truck|dolly:left:low"),
    Case("Snap zoom out to the crowd", "zoom:backward:high"),
    Case(
        "backward tracking shot in front of the walking detective",
        "dolly|pull_out:backward",
        actions=("walk",),
    ),
    Case("wide shot, the camera holds, nothing else", "static"),
    Case(
        "Hero shot: orbit 12 degrees clockwise over 5 seconds, ease in and out",
        "orbit:clockwise|left:high",
        seconds=5.0,
    ),
    Case("whip the camera to the left", "pan:left:high"),
    Case(
        "Fog drifts over the moor, the camera inches closer to the ruin",
        "dolly|push_in:forward:low",
        weather="fog",
    ),
)
"""Written when all of the above was read rightly. On first reading 24 of the 30 were right (80 %);
three of the six mistakes were of amount alone. Their causes were mended afterwards where they were
general; the expectations stand as they were first written."""
