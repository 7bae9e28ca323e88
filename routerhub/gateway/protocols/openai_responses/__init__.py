"""OpenAI's responses: what clients send (input), what they get (output, stream), and both together (protocol)."""

from routerhub.gateway.protocols.openai_responses.protocol import PROTOCOL

__all__ = ["PROTOCOL"]
