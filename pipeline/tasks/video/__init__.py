"""Video: what happens in a sequence of frames, as one class a clip or one a frame."""
