"""Which addresses lie on the public Internet."""

import pytest

from mailer.internet import is_public


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "223.255.255.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"],
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.0.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
    ],
)
def test_attack_case_27_addresses_of_a_network_of_its_own(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:169.254.169.254",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1.1.1.1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo: the client is 10.0.0.1
        "2001:0:a00:1:8000:63bf:fefe:fefe",  # Teredo: the server is 10.0.0.1
    ],
)
def test_attack_case_27_private_addresses_inside_others(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["", "example.org", "127.1", "0x7f.1", "2130706433", "1.1.1.1/8", "1.1.1.1 "])
def test_what_is_no_address_is_not_public(address: str) -> None:
    assert not is_public(address)
