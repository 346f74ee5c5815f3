"""Statistics of images and latents, and thresholds for them."""
