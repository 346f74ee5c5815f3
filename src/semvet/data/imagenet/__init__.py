"""imagenet5 from the user's own ImageNet."""
