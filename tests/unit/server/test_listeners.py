from __future__ import annotations

import socket

import pytest

from django_bolt.server.listeners import AddressUnavailableError, listen, reserve


def test_a_reservation_settles_the_port_and_does_not_accept() -> None:
    with reserve("127.0.0.1", 0) as reserved:
        host, port = reserved.getsockname()
        assert host == "127.0.0.1"
        assert port > 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=1).close()


def test_listeners_share_a_reserved_port() -> None:
    with reserve("127.0.0.1", 0) as reserved, listen(reserved) as one, listen(reserved) as other:
        address = reserved.getsockname()
        assert one.getsockname() == other.getsockname() == address
        assert not one.getblocking()
        accepted = 0
        for _ in range(40):
            with socket.create_connection(address, timeout=1):
                for listener in (one, other):
                    try:
                        connection, _ = listener.accept()
                    except BlockingIOError:
                        continue
                    accepted += 1
                    connection.close()
        assert accepted == 40


def test_a_port_that_another_server_shares_is_in_use_all_the_same() -> None:
    in_use = pytest.raises(AddressUnavailableError, match="the port is in use")
    with reserve("127.0.0.1", 0) as reserved, listen(reserved), in_use:
        reserve(*reserved.getsockname())


def test_a_port_can_be_had_again_when_its_connections_linger() -> None:
    with reserve("127.0.0.1", 0) as reserved, listen(reserved) as listener:
        address = reserved.getsockname()
        with socket.create_connection(address, timeout=1):
            listener.setblocking(True)
            connection, _ = listener.accept()
            connection.close()  # closed on this side first: TIME_WAIT
    reserve(*address).close()


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("no-such-host.invalid", "Cannot listen on 'no-such-host.invalid': no address"),
        ("192.0.2.1", "does not belong to this machine"),
    ],
)
def test_an_address_of_somewhere_else_is_refused(host: str, message: str) -> None:
    with pytest.raises(AddressUnavailableError, match=message):
        reserve(host, 0)


def test_localhost_is_ipv4_where_both_exist() -> None:
    with reserve("localhost", 0) as reserved:
        assert reserved.family == socket.AF_INET
