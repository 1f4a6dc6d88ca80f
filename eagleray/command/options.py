"""What all commands share: the data folder, and failures of one line."""

from __future__ import annotations

from pathlib import Path

import click

DEFAULT_DATA = Path(".eagleray")

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=True),
    default=DEFAULT_DATA,
    show_default=True,
    envvar="EAGLERAY_DATA_DIR",
    help="The folder that holds all that the cluster owns.",
)


class OneLine(click.ClickException):
    """A failure that a person can act on, in one line."""

    def show(self, file: object = None) -> None:
        click.echo(f"eagleray: {self.message}", err=True)
