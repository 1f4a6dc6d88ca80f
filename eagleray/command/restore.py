"""`restore`: a cluster's data folder from what the object store has of it (cluster/restoring.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from eagleray.command.main import OneLine


def restore_cluster(store: str, identity: str, data: Path) -> None:
    """Raises OneLine, and DATA holds no cluster."""
    from actors.common.object_uri import parse
    from cluster.data_folder import DataFolder, DataFolderError, Fresh
    from cluster.restoring import NotRestorable, restore

    folder = DataFolder(data)
    fresh = Fresh(folder.root)
    try:
        parse(store)
        folder.create()
        if folder.read_cluster() is not None:
            raise OneLine(f"{folder.root} holds a cluster already")
        found, own = restore(store, identity, folder)
    except BaseException as error:
        folder.take_back(fresh)
        if isinstance(error, DataFolderError | NotRestorable | ValueError):
            raise OneLine(str(error)) from None
        raise
    at = datetime.fromtimestamp(found.at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    click.echo(f"everything that was committed by {at} UTC is there as cluster {own}: eagleray up --data {data}")
