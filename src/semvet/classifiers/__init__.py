"""Classifiers of received images: what the receiver, or a reader of its pictures, takes them for."""

from semvet.classifiers.regnet import RegNetY
from semvet.classifiers.small import SmallClassifier

__all__ = ["RegNetY", "SmallClassifier"]
