"""Sealing equals AES-256-GCM and HKDF of ``cryptography``, and commits to the sealed text."""

import os
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from infra.sealing import (
    ENTROPY,
    NONCE,
    SALT,
    DoesNotOpen,
    associated,
    decrypt,
    derive,
    encrypt,
    from_text,
    seal,
    to_text,
    unseal,
)

KEY = bytes(range(32))


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["identifiers", "notes", "message"]))
def test_the_key_of_a_class_equals_hkdf_of_the_library(data_key: bytes, purpose: str) -> None:
    general = HKDF(SHA256(), 32, salt=None, info=b"caretrail segment v1 " + purpose.encode())
    assert derive(data_key, purpose) == general.derive(data_key)


def test_derived_keys_never_change() -> None:
    assert derive(KEY, "identifiers").hex() == (
        "05f66b1255a704c07cc6c88fa5a1787de6b33f523a90f2b9deb2727ff574ee54"
    )


@given(st.binary(max_size=500), st.binary(min_size=ENTROPY, max_size=ENTROPY))
def test_a_sealed_text_opens(text: bytes, entropy: bytes) -> None:
    cipher = AESGCM(derive(KEY, "notes"))
    box = seal(cipher, text, about=b"here", entropy=entropy)
    assert (
        unseal(cipher, from_text(to_text(box.data)), about=b"here", commitment=box.commitment)
        == text
    )
    assert box.commitment == sha256(entropy[NONCE:] + text).digest()
    assert len(box.data) == NONCE + SALT + len(text) + 16


def test_a_box_does_not_open_if_changed_or_cut_or_moved_or_with_another_key() -> None:
    cipher = AESGCM(KEY)
    box = seal(cipher, b"text", about=b"here", entropy=os.urandom(ENTROPY))
    for at in range(len(box.data)):
        changed = bytearray(box.data)
        changed[at] ^= 1
        with pytest.raises(DoesNotOpen):
            unseal(cipher, bytes(changed), about=b"here", commitment=box.commitment)
    for length in range(len(box.data)):
        with pytest.raises(DoesNotOpen):
            unseal(cipher, box.data[:length], about=b"here", commitment=box.commitment)
    with pytest.raises(DoesNotOpen):
        unseal(cipher, box.data, about=b"there", commitment=box.commitment)
    with pytest.raises(DoesNotOpen):
        unseal(AESGCM(bytes(32)), box.data, about=b"here", commitment=box.commitment)


def test_a_box_with_the_commitment_of_another_text_does_not_open() -> None:
    cipher = AESGCM(KEY)
    entropy = os.urandom(ENTROPY)
    one = seal(cipher, b"one", about=b"here", entropy=entropy)
    two = seal(cipher, b"two", about=b"here", entropy=os.urandom(ENTROPY))
    with pytest.raises(DoesNotOpen):
        unseal(cipher, two.data, about=b"here", commitment=replace(one).commitment)


@given(
    st.lists(st.text("ab:,1", max_size=4), max_size=4),
    st.lists(st.text("ab:,1", max_size=4), max_size=4),
)
def test_no_two_places_have_the_same_associated_data(one: list[str], other: list[str]) -> None:
    assert (associated(*one) == associated(*other)) == (one == other)


def test_a_wrapped_key_opens_only_with_its_own_number() -> None:
    cipher = AESGCM(KEY)
    wrapped = encrypt(cipher, b"k" * 32, about=b"1", nonce=os.urandom(NONCE))
    assert decrypt(cipher, wrapped, about=b"1") == b"k" * 32
    with pytest.raises(DoesNotOpen):
        decrypt(cipher, wrapped, about=b"2")
