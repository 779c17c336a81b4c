"""What other programs read and write: timelines, edit lists, subtitles, storyboards, clips."""
