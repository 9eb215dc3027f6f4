"""A picture to a cut-out object: photographs, the foreground, and what a multi-view model is shown of a seed frame."""
