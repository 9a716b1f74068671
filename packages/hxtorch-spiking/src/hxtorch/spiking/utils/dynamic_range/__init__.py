"""What the connected chip can show and how it scales, measured: ranges of membranes, thresholds, weights."""
