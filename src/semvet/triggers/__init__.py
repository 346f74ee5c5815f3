"""What an adversary adds to an image."""

from semvet.triggers.attention_unet import AttentionUNet
from semvet.triggers.patch import Patch
from semvet.triggers.spectrum import Spectrum

__all__ = ["AttentionUNet", "Patch", "Spectrum"]
