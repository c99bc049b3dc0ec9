"""How byte-level tokens spell bytes."""

from __future__ import annotations


def _byte_alphabet() -> dict[str, int]:
    """Byte of each printable stand-in (`bytes_to_unicode` of GPT-2, Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    return alphabet | {chr(256 + index): byte for index, byte in enumerate(others)}


BYTES = _byte_alphabet()
