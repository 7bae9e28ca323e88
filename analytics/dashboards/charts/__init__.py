"""The geometry of charts: from figures to shapes of an SVG of 1000 by 400, and words at per cents of it. Pure."""
