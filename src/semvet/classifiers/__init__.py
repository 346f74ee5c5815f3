"""Classifiers of received images: what a receiver, or a reader of pictures, takes them for."""

from semvet.classifiers.regnet import RegNetY
from semvet.classifiers.small import SmallClassifier

__all__ = ["RegNetY", "SmallClassifier"]
