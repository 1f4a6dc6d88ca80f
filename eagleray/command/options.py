"""What all commands share: the data folder, and failures of one line."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

DEFAULT_DATA = Path(".eagleray")


def _given(context: click.Context, option: click.Parameter, data: Path) -> Path:
    """`ranges --data DIR move 2`: a command goes by the folder that its group was told, unless it is told another."""
    group, told = context.parent, ParameterSource.COMMANDLINE
    if group is None or context.get_parameter_source("data") is told or group.get_parameter_source("data") is not told:
        return data
    return Path(group.params["data"])


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=True),
    default=DEFAULT_DATA,
    show_default=True,
    envvar="EAGLERAY_DATA_DIR",
    callback=_given,
    help="The folder that holds all that the cluster owns.",
)


class OneLine(click.ClickException):
    """A failure that a person can act on, in one line."""

    def show(self, file: object = None) -> None:
        click.echo(f"eagleray: {self.message}", err=True)
