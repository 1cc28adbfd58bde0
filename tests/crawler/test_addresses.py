from __future__ import annotations

from ipaddress import ip_address

import pytest

from crawler.addresses import AddressGuard, AddressRefusedError, is_public, to_address


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7F.0.0.0x1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
    ],
)
def test_loopback_is_seen_in_every_notation(host):
    assert to_address(host) == ip_address("127.0.0.1")
    with pytest.raises(AddressRefusedError):
        AddressGuard().check_host(host)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.7",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
    ],
)
def test_address_that_is_not_public_is_refused(address):
    assert not is_public(ip_address(address))
    with pytest.raises(AddressRefusedError):
        AddressGuard().check_host(f"[{address}]" if ":" in address else address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2a00:1450::5"]
)
def test_public_address_is_let_through(address):
    AddressGuard().check_host(f"[{address}]" if ":" in address else address)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "1.2.3.4.5", "256.1.1.1", "face"])
def test_name_is_left_to_the_resolver(host):
    assert to_address(host) is None


def test_named_network_is_let_through_and_its_neighbour_is_not():
    guard = AddressGuard.of(["127.0.0.0/30", "fd00::/8"])
    guard.check_host("127.0.0.3")
    guard.check_host("[::ffff:127.0.0.1]")
    guard.check_host("[fd00::5]")
    with pytest.raises(AddressRefusedError, match=r"--allow-address 127\.0\.0\.4"):
        guard.check_host("127.0.0.4")


def test_without_a_contact_public_addresses_are_refused_too():
    guard = AddressGuard.of(["127.0.0.1/32"], only_allowed=True)
    guard.check_host("127.0.0.1")
    with pytest.raises(AddressRefusedError, match="not named by --allow-address"):
        guard.check_host("8.8.8.8")
