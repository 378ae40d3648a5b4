# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What diskimage-builder finds in its sandbox: programs that stand in for sudo and mount, and an element of ours.

diskimage-builder calls sudo, mounts ``/proc`` and ``/dev`` in the tree, and makes a file system on a loop device. In
the sandbox it is root already and may not mount. The tree is seen a second time, at :data:`TARGET`, with ``/proc`` and
``/dev`` in it; that is where chroot goes. The file system is made afterwards, as for every image.

The element gives diskimage-builder the tree that the manifest's packages were laid out in, takes the place of the loop
device, and answers elements that want to install packages.
"""

from __future__ import annotations

import os
import typing as t

# Where the tree is seen with /proc and /dev in it.
TARGET = "/target"
ELEMENT = "releng-manifest"

_SUDO = """#!/bin/sh
set -eu
while [ $# -gt 0 ]; do
  case $1 in
    -E | -H | -n) shift ;;
    -u) [ "$2" = root ] || { echo "sudo -u $2: there is only root here" >&2; exit 1; }; shift 2 ;;
    --) shift; break ;;
    -*) echo "sudo $1: this option is not known here" >&2; exit 1 ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
# The tree is what the image is made of: it is taken, not removed.
if [ $# -eq 3 ] && [ "$1 $2" = "rm -rf" ] && [ "$3" -ef /target ]; then exec mv -T "$3" @WORK@/root; fi
exec "$@"
"""

_CHROOT = """#!/bin/sh
set -eu
if [ "$1" -ef /target ]; then shift; set -- /target "$@"; fi
exec /usr/sbin/chroot "$@"
"""

# Read-only or not: what is bound to in_target.d is a copy, and gone with it.
_MOUNT = """#!/bin/sh
set -eu
for last; do :; done
source=
for word; do [ "$word" = "$last" ] || source=$word; done
case $last in
  */tmp/in_target.d)
    [ -n "$(ls -A "$last")" ] || cp -a "$source/." "$last"
    exit ;;
  */dev/pts) tree=${last%/dev/pts} ;;
  */proc | */dev | */sys) tree=${last%/*} ;;
  *) tree= ;;
esac
if [ -n "$tree" ] && [ "$tree" -ef /target ]; then exit 0; fi
echo "mount $*: elements cannot mount anything here" >&2
exit 1
"""

_UMOUNT = """#!/bin/sh
set -eu
for last; do :; done
case $last in
  */tmp/in_target.d) exec find "$last" -mindepth 1 -delete ;;
esac
echo "umount $*: nothing is mounted there" >&2
exit 1
"""

# It would wait for all that others write to the host's disks.
_SYNC = """#!/bin/sh
"""

_ROOT = """#!/bin/bash
set -eu
rmdir "$TARGET_ROOT"
mv -T @WORK@/root "$TARGET_ROOT"
for name in etc proc root sys tmp usr/local/bin var/log; do mkdir -p "$TARGET_ROOT/$name"; done
"""

_EXTRA_DATA = """#!/bin/bash
set -eu
install -m 0755 "$TMP_HOOKS_PATH/install-packages" "$TMP_MOUNT_PATH/usr/local/bin/install-packages"
"""

# What diskimage-builder would read back of its loop device: no image, and nothing to undo.
_BLOCK_DEVICE = """#!/bin/bash
set -eu
mv -T "$TMP_BUILD_DIR/built" "$TMP_BUILD_DIR/mnt"
mkdir "$TMP_BUILD_DIR/built"
: > "$TMP_BUILD_DIR/built/releng-nothing"
state=$TMP_BUILD_DIR/states/block-device
mkdir -p "$state"
echo '{"blockdev": {"image0": {"image": "/dev/null", "device": "/dev/null"}}}' > "$state/state.json"
printf '(l.' > "$state/nodes.pickle"
echo IMAGE_BLOCK_DEVICE=/dev/null
"""

_CLEANUP = """#!/bin/bash
set -eu
rm -f "$TARGET_ROOT/releng-nothing" "$TARGET_ROOT/usr/local/bin/install-packages"
"""

_INSTALL_PACKAGES = """#!/bin/sh
set -eu
missing=
for word; do
  case $word in
    -u | -d) echo "install-packages $word: the manifest says which versions the image has" >&2 ;;
    -*) echo "install-packages $word: the image has the packages of its manifest, no more and no fewer" >&2; exit 1 ;;
    *) rpm --dbpath @DATABASE@ -q --quiet --whatprovides "$word" || missing="$missing $word" ;;
  esac
done
[ -z "$missing" ] || { echo "install-packages: not in the manifest of the image:$missing" >&2; exit 1; }
"""

PROGRAMS = {"sudo": _SUDO, "chroot": _CHROOT, "mount": _MOUNT, "umount": _UMOUNT, "sync": _SYNC}
_HOOKS = {
    "element-provides": "operating-system\n",
    "install-packages": _INSTALL_PACKAGES,
    "root.d/10-manifest": _ROOT,
    "extra-data.d/10-install-packages": _EXTRA_DATA,
    "block-device.d/10-no-device": _BLOCK_DEVICE,
    "cleanup.d/99-manifest": _CLEANUP,
}


def write_builder_files(folder: str, work: str, database: str, give: t.Callable[[str], None]) -> None:
    """Write ``programs`` and ``element`` below the new ``folder``.

    :param work: where a confined program sees the folder that has the tree.
    :param database: rpm's folder in the tree.
    :param give: called with each folder and file.
    """
    files = {f"programs/{name}": text for name, text in PROGRAMS.items()}
    files.update({f"element/{ELEMENT}/{name}": text for name, text in _HOOKS.items()})
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("@WORK@", work).replace("@DATABASE@", database))
        os.chmod(path, 0o755)  # noqa: S103 (they are programs)
    for base, folders, names in os.walk(folder):
        for name in (*folders, *names):
            give(os.path.join(base, name))
