"""A client is known by the address that a trusted proxy saw, and by no other."""

import pytest

from {{ cookiecutter.package_name }}.platform.core.config import (
    ServiceSettings,
    SettingsError,
    load,
)
from {{ cookiecutter.package_name }}.platform.core.proxies import client_address, networks

TRUSTED = networks("10.0.0.0/8, ::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the first one is invented
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),  # through two proxies
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),  # on a socket for IPv4 and IPv6
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1, [::1]", "2001:db8::1"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2:4711", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "x" * 100_000, "10.0.0.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not trusted
        ("", "198.51.100.7", ""),  # a socket in the file system has no address
    ],
)
def test_the_client_is_the_last_address_that_no_proxy_has(peer, forwarded, client):
    assert client_address(peer, forwarded, TRUSTED) == client


def test_nobody_is_trusted_unless_told():
    assert networks("") == ()
    assert client_address("127.0.0.1", "198.51.100.7", ()) == "127.0.0.1"


@pytest.mark.parametrize("proxies", ["10.0.0.1/8", "proxy.example.org", "10.0.0.0/33"])
def test_a_wrong_list_says_what_is_right(mock_env, proxies):
    mock_env(TRUSTED_PROXIES=proxies)
    with pytest.raises(SettingsError, match=r"^TRUSTED_PROXIES: must be .* like 10.0.0.0/8, ::1: "):
        load(ServiceSettings)
