"""One chip among its kind: mismatch of a serial, which imperfections it has, streams of its noise."""
