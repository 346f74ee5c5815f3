"""Certificates of smoothed pictures beside the best attack that was found."""
