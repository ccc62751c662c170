"""The paths a trial sees: volumes, and what `--mount` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.errors import Invalid
from munshi.local import view
from munshi.local.jobs import ConfigMapFiles, EmptyDir, HostPath, Mount
from munshi.local.view import UserMount


def test_the_user_s_mount_wins_over_the_job_s(tmp_path: Path) -> None:
    """`--mount` at a volume's path takes its place."""
    mine = UserMount(str(tmp_path), "/data", read_only=True)
    made = view.binds([Mount("/data", EmptyDir("data"))], [mine], tmp_path, {})
    (bind,) = made
    assert (bind.source, bind.read_only) == (str(tmp_path), True)


def test_two_mounts_of_one_volume_are_one_folder(tmp_path: Path) -> None:
    """An emptyDir mounted twice is the same folder at both places; a sub-path is a part of it."""
    mounts = [
        Mount("/a", EmptyDir("shared")),
        Mount("/b", EmptyDir("shared")),
        Mount("/c", EmptyDir("shared"), sub_path="part"),
    ]
    a, b, c = view.binds(mounts, (), tmp_path, {})
    assert a.source == b.source
    assert Path(c.source) == Path(a.source) / "part"


def test_a_config_map_becomes_files(tmp_path: Path) -> None:
    """Each entry is a file, Korean text as UTF-8."""
    mounts = [Mount("/etc/app", ConfigMapFiles("app"), read_only=True)]
    (bind,) = view.binds(mounts, (), tmp_path, {"app": {"제목.txt": "손글씨"}})
    assert (Path(bind.source) / "제목.txt").read_text(encoding="utf-8") == "손글씨"
    assert bind.read_only


def test_a_host_path_is_itself(tmp_path: Path) -> None:
    """HostPath shows this machine's folder, and makes it when the job may."""
    wanted = tmp_path / "new"
    mounts = [Mount("/data", HostPath(str(wanted), "DirectoryOrCreate"))]
    (bind,) = view.binds(mounts, (), tmp_path, {})
    assert bind.source == str(wanted)
    assert wanted.is_dir()


MISTAKES = {
    "no colon": "src",
    "nothing before the colon": ":/src",
    "nothing behind the colon": ".:",
    "a relative place in the container": ".:src",
    "the root of the container": ".:/",
    "an unknown mode": ".:/src:rx",
    "a folder that does not exist": "./nowhere-to-be-found:/src",
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES)
def test_a_mount_that_is_none_is_refused(text: str) -> None:
    """Every mistake in --mount is a fault with a mend."""
    with pytest.raises(Invalid) as raised:
        view.read_mount(text)
    (fault,) = raised.value.faults
    assert fault.mend


def test_a_mount_is_relative_to_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HOST may be relative; `:ro` makes it read-only."""
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    assert view.read_mount("src:/opt/src:ro") == UserMount(
        str(tmp_path / "src"), "/opt/src", read_only=True
    )
