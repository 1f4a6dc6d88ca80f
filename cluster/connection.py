"""How clients on the machine of `up` connect: what `up` prints, and `status`, `sql` and submitted programs go by.

connection_url(settings)                       postgresql://admin@localhost:5433/postgres
connection_url(settings, gateway="10.0.0.7")   where gateways are on other machines only
moved(url, settings.layout.host, "10.0.0.8")   the zone of that gateway has another node now
"""

from __future__ import annotations

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


def region_urls(settings: Settings, url: str) -> dict[str, str]:
    """Region that serves -> how its clients connect, where there are several. `url`: of the first."""
    ports = ports_of(settings)
    return {region: _at_port(url, port) for region, port in ports.items()} if settings.regions.zones else {}


def _at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def moved(url: str, listening: str, gateway: str) -> str:
    """The same, for a gateway on another host. `listening`: the setting layout.host."""
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}@{_place(listening, gateway)}:{parts.port}").geturl()


def _place(listening: str, gateway: str) -> str:
    host = gateway if gateway != HERE else EVERYWHERE.get(listening, listening)
    return f"[{host}]" if ":" in host else host
