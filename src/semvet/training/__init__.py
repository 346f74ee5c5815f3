"""Training: pairs, batches, steps and the weights that come of them."""
