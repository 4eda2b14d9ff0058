"""The Vagrantfile: Vagrant accepts it for both providers, and it says what docs/vagrant.md promises."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.vagrant.told import VAGRANTFILE, evaluated, needs_ruby, needs_vagrant, rows, setting, validated

PROVIDERS = ("libvirt", "virtualbox")
INTEL = "flags\t\t: fpu vmx sse\n"
NO_VMX = "flags\t\t: fpu sse hypervisor\n"


@needs_vagrant
@pytest.mark.parametrize("nodes", ["1", "2"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_vagrant_accepts_it(tmp_path: Path, provider: str, nodes: str) -> None:
    (tmp_path / "Vagrantfile").write_bytes(VAGRANTFILE.read_bytes())
    done = validated(tmp_path, provider, BONDLAB_NODES=nodes)
    assert "validated successfully" in done.stdout, done.stdout + done.stderr


@needs_vagrant
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_setting_that_the_provider_does_not_have_is_found(tmp_path: Path, provider: str) -> None:
    """Or the test above would say nothing: a provider that is not there is not looked at."""
    text = VAGRANTFILE.read_text()
    block = f"config.vm.provider :{provider} do |"
    assert text.count(block) == 1
    variable = text.partition(block)[2][0]
    opened = f"{block}{variable}|"
    (tmp_path / "Vagrantfile").write_text(text.replace(opened, f"{opened}\n    {variable}.memroy = 1"))
    done = validated(tmp_path, provider)
    assert done.returncode
    assert "memroy" in done.stdout + done.stderr


@needs_ruby
def test_processors_and_memory_come_from_the_environment() -> None:
    for provider in PROVIDERS:
        at = f"config.vm.provider[{provider}]"
        assert (setting(rows(), f"{at}.cpus"), setting(rows(), f"{at}.memory")) == (2, 2048)
        told = rows(BONDLAB_CPUS="4", BONDLAB_MEMORY="512")
        assert (setting(told, f"{at}.cpus"), setting(told, f"{at}.memory")) == (4, 512)


@needs_ruby
@pytest.mark.parametrize(
    ("cpuinfo", "device", "driver"),
    [(INTEL, True, "kvm"), (NO_VMX, True, "qemu"), (INTEL, False, "qemu")],
    ids=["real", "device without the processor's help", "no device"],
)
def test_kvm_only_where_it_works(tmp_path: Path, cpuinfo: str, device: bool, driver: str) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    if device:
        (tmp_path / "kvm").touch()
    told = rows(PRETEND_CPUINFO=str(tmp_path / "cpuinfo"), PRETEND_KVM=str(tmp_path / "kvm"))
    assert setting(told, "config.vm.provider[libvirt].driver") == driver


@needs_ruby
def test_the_provisioner_is_the_projects_own_setup() -> None:
    (given,) = (options for path, _, options in rows() if path == "config.vm.provision")
    assert given["inline"] == "/vagrant/setup.sh"
    assert given["env"] == {"BONDLAB_MODULES": "1"}


@needs_ruby
def test_a_mirror_is_set_before_the_setup() -> None:
    told = rows(BONDLAB_APT="http://10.0.0.1/debian")
    given = [(arguments[0], options) for path, arguments, options in told if path == "config.vm.provision"]
    assert [name for name, _ in given] == ["mirror", "setup"]
    assert given[0][1]["env"] == {"MIRROR": "http://10.0.0.1/debian"}


@needs_ruby
def test_a_box_of_ones_own_is_checked_and_named_by_its_contents(tmp_path: Path) -> None:
    box = tmp_path / "bondlab-bookworm-1234abcd.box"
    box.write_bytes(b"a box")
    digest = hashlib.sha256(b"a box").hexdigest()
    Path(f"{box}.sha256").write_text(f"{digest}  {box.name}\n")
    told = rows(BONDLAB_BOX_FILE=str(box))
    assert setting(told, "config.vm.box") == "bondlab/bondlab-bookworm-1234abcd"
    assert setting(told, "config.vm.box_url") == f"file://{box}"
    assert setting(told, "config.vm.box_download_checksum") == digest


@needs_ruby
def test_two_machines_are_joined_by_cables() -> None:
    """Each end of a cable sends to where the other one listens, and no two ends listen at one place."""
    told = rows(BONDLAB_NODES="2", BONDLAB_CABLES="3")
    ends = {
        machine: [
            (options["libvirt__tunnel_local_port"], options["libvirt__tunnel_port"])
            for path, _, options in told
            if path == f"config.vm.define[{machine}].vm.network" and "libvirt__tunnel_port" in options
        ]
        for machine in ("controller", "blade1")
    }
    assert len(ends["controller"]) == 3
    assert ends["blade1"] == [(to, at) for at, to in ends["controller"]]
    assert len({at for pairs in ends.values() for at, _ in pairs}) == 6


@needs_ruby
def test_one_machine_has_no_further_nics() -> None:
    told = rows()
    machines = [arguments[0] for path, arguments, _ in told if path == "config.vm.define"]
    assert machines == ["controller"]
    assert not [path for path, _, _ in told if path.endswith(".vm.network")]


@needs_ruby
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BONDLAB_CPUS", "many"),
        ("BONDLAB_MEMORY", "0"),
        ("BONDLAB_NODES", "3"),
        ("BONDLAB_CABLES", "7"),
        ("BONDLAB_ACCEL", "hvf"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    done = evaluated(**{name: value})
    assert done.returncode
    assert f"Vagrantfile: {name} is " in done.stderr
