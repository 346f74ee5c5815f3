"""What is guaranteed of the picture that smoothing receives; one bound per module."""
