"""An installed distribution contains every package and the command."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("actors", "cluster", "configs", "eagleray", "workloads")


def tracked_files() -> list[str]:
    """What a distribution is built from: the files that git tracks; of a tree without git, all files of the
    packages."""
    if shutil.which("git") is not None:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
        if listed:
            return listed.rstrip("\0").split("\0")
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if "__pycache__" not in path.parts]
    return ["pyproject.toml", *(str(path.relative_to(ROOT)) for path in found)]


def test_wheel_contains_all_packages_and_runs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    files = tracked_files()
    for name in files:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    (source / "README.md").touch()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(tmp_path),
            str(source),
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("eagleray-*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(unpacked)
    packaged = [name for name in files if name.endswith(".py") and name.split("/")[0] in PACKAGES]
    assert [name for name in packaged if name not in names] == []
    assert "configs/dsql.toml" in names
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import actors, cluster, workloads, eagleray, configs; "
        "assert all(m.__file__.startswith(sys.argv[1]) for m in (actors, cluster, workloads, eagleray)); "
        "import eagleray.command.main, cluster.supervisor, cluster.supervision, actors.runtime.ray_shell; "
        "eagleray.connect, eagleray.Workload"
    )
    subprocess.run([sys.executable, "-I", "-c", code, str(unpacked)], check=True, cwd=tmp_path)
