"""What is sealed: shown to nobody, opened for its name alone, by any of the keys."""

import pytest

from routerhub.sealing import Sealer, Unreadable

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
NAME = "7/response/resp_1"


def test_what_is_sealed_shows_nothing_and_opens_for_its_name_alone() -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal(NAME, b"a secret " * 9)
    assert b"secret" not in sealed
    assert sealer.open(NAME, sealed) == b"a secret " * 9
    for name in ("8/response/resp_1", "7/cache/resp_1", "7/response/x", ""):
        with pytest.raises(Unreadable):
            sealer.open(name, sealed)


def test_the_first_key_seals_and_every_key_opens() -> None:
    before = Sealer([OLD]).seal(NAME, b"x")
    rotated = Sealer([NEW, OLD])
    assert rotated.open(NAME, before) == b"x"
    after = rotated.seal(NAME, b"x")
    assert Sealer([NEW]).open(NAME, after) == b"x"
    with pytest.raises(Unreadable):
        Sealer([OLD]).open(NAME, after)


@pytest.mark.parametrize("sealed", [b"", b"x", b"\0" * 100])
def test_what_was_never_sealed_opens_for_nobody(sealed: bytes) -> None:
    with pytest.raises(Unreadable):
        Sealer([OLD]).open(NAME, sealed)


def test_what_was_cut_or_changed_opens_for_nobody() -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal(NAME, b"x")
    for other in (sealed[:5], sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(Unreadable):
            sealer.open(NAME, other)


def test_the_same_content_is_never_sealed_the_same_and_its_digest_needs_the_key() -> None:
    sealer = Sealer([OLD])
    assert sealer.seal(NAME, b"x") != sealer.seal(NAME, b"x")
    assert sealer.digest(b"x") == sealer.digest(b"x") != Sealer([NEW]).digest(b"x")
