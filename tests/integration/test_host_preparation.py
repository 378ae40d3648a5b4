# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared image, a host that is refused, and what would be done to a running host: this one is not changed."""

from __future__ import annotations

import base64
import json
import pathlib
import socket

import pytest
import testinfra
import yaml
from stage.modules import ROOT, run_playbook
from stage.molecule import run_molecule

ANYTHING = {
    "host_preparation_distributions": {},
    "host_preparation_memory_mb": 0,
    "host_preparation_disk_gb": 0,
    "host_preparation_processors": 0,
    "host_preparation_repositories": [],
    "host_preparation_packages": [],
}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("molecule")
    run_molecule("host_preparation", folder)
    return folder / "image"


@pytest.fixture(scope="module")
def host():
    return testinfra.get_host("local://")


def prepare(tmp_path, *argv, **variables):
    role = {"role": "rdo.releng.host_preparation", **variables}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "roles": [role]}]))
    return run_playbook(tmp_path / "play.yml", *argv)


def test_an_image_has_swap(image, host):
    swap = host.file(f"{image}/swapfile")
    assert (swap.size, swap.mode, swap.user) == (2 * 1048576, 0o600, "root")
    assert host.run(f"/usr/sbin/swaplabel {image}/swapfile").rc == 0
    fstab = host.file(f"{image}/etc/fstab").content_string.splitlines()
    assert fstab == ["/dev/vda1 / xfs defaults 0 0", "/swapfile none swap defaults 0 0"]


def test_an_image_has_its_name(image, host):
    assert host.file(f"{image}/etc/hostname").content_string == "node.example.com\n"
    hosts = host.file(f"{image}/etc/hosts").content_string.splitlines()
    assert hosts == ["127.0.0.1 localhost", "127.0.0.1 node.example.com node"]


def test_an_image_has_selinux_and_nested_virtualisation(image, host):
    assert host.file(f"{image}/etc/selinux/config").contains("^SELINUX=permissive$")
    assert host.file(f"{image}/etc/selinux/config").contains("^SELINUXTYPE=targeted$")
    assert host.file(f"{image}/etc/modprobe.d/rdo-releng-kvm.conf").contains("options kvm_intel nested=1")


def test_a_host_is_refused_with_all_reasons(tmp_path):
    wanted = {
        "host_preparation_distributions": {"CentOS": ["31"]},
        "host_preparation_memory_mb": 987654321,
        "host_preparation_disk_gb": 7654321,
        "host_preparation_processors": 54321,
        "host_preparation_selinux": "enforcing",
    }
    refused = prepare(tmp_path, "--check", **wanted)
    assert refused.returncode != 0
    message = " ".join(refused.stdout.split())
    for reason in ("is none of CentOS 31; it has", "and needs 987654321", "and needs 7654321", "and needs 54321"):
        assert reason in message
    assert pathlib.Path("/sys/fs/selinux/enforce").exists() or "SELinux is disabled on it" in message


def test_swap_that_was_made_is_enough_and_a_smaller_one_in_use_is_not_written_to(tmp_path):
    role = ROOT / "roles" / "host_preparation"
    swaps = b"Filename Type Size Used Priority\n/swapfile file 4194300 0 -2\n"
    facts = {
        "distribution": "CentOS", "distribution_major_version": "9", "memtotal_mb": 8000, "processor_vcpus": 4,
        "user_id": "root", "swaptotal_mb": 4095,
    }  # fmt: skip
    given = {
        "__host_preparation_swaps": {"content": base64.b64encode(swaps).decode()},
        "__host_preparation_disk": {"stdout_lines": ["Avail", str(2**36)]},
    }
    said = "{{ [item, __host_preparation_swap_wanted, __host_preparation_refusals] | to_json }}"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(role / "defaults/main.yml"), str(role / "vars/main.yml")],
        "vars": given,
        "tasks": [
            {"ansible.builtin.set_fact": {**facts, "cacheable": True}},
            {
                "ansible.builtin.copy": {"content": said, "dest": f"{tmp_path}/{{{{ item }}}}", "mode": "0644"},
                "loop": [4096, 8192],
                "vars": {"host_preparation_swap_mb": "{{ item }}"},
            },
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = run_playbook(tmp_path / "play.yml")
    assert done.returncode == 0, done.stdout
    assert json.loads((tmp_path / "4096").read_text()) == [4096, False, []]
    wanted, (reason,) = json.loads((tmp_path / "8192").read_text())[1:]
    assert wanted and reason.startswith("it swaps to /swapfile, which is too small")


def test_check_mode_says_what_would_be_done_to_a_running_host(tmp_path, host):
    swap = tmp_path / "swap"
    before = (socket.gethostname(), pathlib.Path("/etc/hosts").read_text(), pathlib.Path("/proc/swaps").read_text())
    shown = prepare(
        tmp_path,
        "--check",
        host_preparation_swap_mb=9_999_999,
        host_preparation_swap_file=str(swap),
        host_preparation_hostname="node.example.com",
        **ANYTHING,
    )
    assert shown.returncode == 0, shown.stdout
    assert "changed=0" not in shown.stdout
    assert not swap.exists()
    assert before == (
        socket.gethostname(), pathlib.Path("/etc/hosts").read_text(), pathlib.Path("/proc/swaps").read_text()
    )  # fmt: skip
    assert not host.file("/etc/modprobe.d/rdo-releng-kvm.conf").exists


def test_molecule_without_a_folder_writes_nothing(run_playbook):
    for scenario in "host_preparation", "scenarios":
        playbook = ROOT / "extensions" / "molecule" / scenario / "prepare.yml"
        nowhere = {"RELENG_MOLECULE": "", "MOLECULE_EPHEMERAL_DIRECTORY": ""}
        done = run_playbook(playbook, environment=nowhere)
        assert done.returncode != 0
        assert "Set RELENG_MOLECULE to a folder" in done.stdout
        assert "changed=0 " in done.stdout
