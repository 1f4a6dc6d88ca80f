"""A process's certificate over its life: the first, the renewals, and a renewal that fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actors.runtime import membership as module
from actors.runtime.certificates import Issued
from actors.runtime.endpoints import host_identity
from actors.runtime.membership import Membership, tls_address
from actors.runtime.tls import TlsIdentity
from cluster.authority import Authority

OURS = Authority.make("ours")


class Renewing:
    """A bus, as far as a membership knows it."""

    def __init__(self, wanted: int) -> None:
        self.identities: list[TlsIdentity] = []
        self.over = asyncio.Event()
        self._wanted = wanted

    def renew(self, identity: TlsIdentity) -> None:
        self.identities.append(identity)
        if len(self.identities) == self._wanted:
            self.over.set()


def test_a_certificate_is_renewed_with_another_key_and_after_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    requests: list[bytes] = []

    async def ask(process: str, request: bytes) -> Issued:
        """Certificates are over as soon as they are issued, but for the fourth."""
        requests.append(request)
        if len(requests) == 2:
            raise ConnectionError("the authority is away")
        validity = timedelta(days=30) if len(requests) >= 4 else timedelta(0)
        return replace(OURS.issue(process, request, validity=validity), controller=f"tcp:x:{len(requests)}")

    async def main() -> None:
        joined = Membership("a", ask)
        first = await joined.join()
        assert first.process == "a" and joined.controller == "tcp:x:1"
        bus = Renewing(2)
        keeping = asyncio.create_task(joined.keep(bus))
        async with asyncio.timeout(20):
            await bus.over.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(requests) == 4 and len(set(requests)) == 4, "a key of its own each time, and none before it is time"
        assert joined.controller == "tcp:x:4"
        keeping.cancel()

    asyncio.run(main())


def test_a_member_is_told_by_its_host_and_its_name(tmp_path: Path) -> None:
    here = host_identity(tmp_path)
    assert (
        tls_address("az-a", "10.0.0.5", "unix:/run/az-a.sock", tmp_path)
        == f"tls:az-a@10.0.0.5:0 unix@{here}:/run/az-a.sock"
    )
