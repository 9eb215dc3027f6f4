"""Numbers of arrays: CLIP-I, image differences, intervals."""
