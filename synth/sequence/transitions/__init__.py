"""From one shot to the next."""
