"""Frozen text encoders: captions → token states, and a vector of the whole where there is one."""

from components.networks.conditioners.encoders.encoder import Encoded, Form, TextEncoder

__all__ = ["Encoded", "Form", "TextEncoder"]
