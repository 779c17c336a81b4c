"""What the repairs reach, beside what FFmpeg and the textbook reach on the same clips."""
