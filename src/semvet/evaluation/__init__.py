"""What the receiver gets, and what a judge says of it."""
