"""How clients on the machine of `up` connect: what `up` prints, and `status`, `sql` and submitted programs go by.

connection_url(settings)                       postgresql://admin@localhost:5433/postgres
connection_url(settings, gateway="10.0.0.7")   where gateways are on other machines only
moved(url, settings.layout.host, {5433: "10.0.0.8"})    the zone of that gateway has another node now
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from actors.common.settings import ADMIN, Settings
from cluster.regions import ports_of

HERE = "localhost"
"""A gateway is on this machine."""
EVERYWHERE = {"127.0.0.1": HERE, "0.0.0.0": HERE, "::": "::1"}
"""Where a gateway of this machine listens -> how it is called here."""


def connection_url(settings: Settings, gateway: str = HERE, ca: Path | None = None) -> str:
    """`gateway`: on which host one listens. `ca`: by which the server is known."""
    users = sorted(settings.authentication.users)
    user = (
        quote(users[0], safe="") if settings.authentication.method == "scram-sha-256" and ADMIN not in users else ADMIN
    )
    url = f"postgresql://{user}@{_place(settings.layout.host, gateway)}:{settings.layout.port}/postgres"
    if settings.authentication.method != "tokens":
        return url
    return f"{url}?sslmode=verify-full&sslrootcert={quote(str(ca))}" if ca is not None else f"{url}?sslmode=require"


def region_urls(settings: Settings, gateways: Mapping[int, str], ca: Path | None = None) -> dict[str, str]:
    """Region that serves -> how its clients connect, where there are several. `gateways`: port -> host of a gateway;
    missing: this machine."""
    ports = ports_of(settings) if settings.regions.zones else {}
    return {
        region: connection_url(
            replace(settings, layout=replace(settings.layout, port=port)), gateways.get(port, HERE), ca
        )
        for region, port in ports.items()
    }


def moved(url: str, listening: str, gateways: Mapping[int, str]) -> str:
    """The same, for gateways that may be on other hosts now: port -> host. `listening`: the setting layout.host."""
    parts = urlsplit(url)
    gateway = gateways.get(parts.port or 0)
    if gateway is None:
        return url
    user, _, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}@{_place(listening, gateway)}:{parts.port}").geturl()


def _place(listening: str, gateway: str) -> str:
    host = gateway if gateway != HERE else EVERYWHERE.get(listening, listening)
    return f"[{host}]" if ":" in host else host
