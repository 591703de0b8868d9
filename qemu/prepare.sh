# shellcheck shell=bash disable=SC2034
# Sourced by qemu/demo and tests/run: installs what is missing on a Debian 12 or 13, and makes the virtual environment.

PYTHON=/usr/bin/python3 # Debian's: only that one sees Debian's urwid, pyudev and xxhash

PACKAGES=(
  # Python, and what the launcher imports; the same files go into the initrd
  python3 python3-urwid python3-pyudev python3-xxhash
  python3-pyte # the harness's 80×24 screen
  # building the pair
  dracut-core  # resolves drivers, libraries and udev rules
  udpcast      # udp-sender and udp-receiver
  busybox      # the shell, mount and DHCP client of the initrd
  console-setup console-setup-linux kbd xkb-data # keymaps (ckbcomp, loadkeys) and fonts of the initrd's console
  kmod udev libudev1
  lzop pigz zstd libzstd1 # the launcher's compressors
  lz4          # the archive of the initrd
  btrfs-progs xfsprogs # the launcher asks them, and those of the model disks, what of a disk is used
  squashfs-tools # the drivers of the initrd
  gettext      # msgfmt compiles the translations
  apt dpkg     # fetch and unpack the kernel's package
  # the boot server
  dnsmasq-base # DHCP and TFTP
  pxelinux syslinux-common # boot loaders of BIOS PCs
  shim-signed grub-efi-amd64-signed # those of UEFI, with Secure Boot and without
  ipxe
  sbsigntool # sbverify: is a kernel signed so that the loaders take it?
  xorriso isolinux # the image for sticks and discs
  iproute2 procps
  curl         # plays many clients of the boot server at once
  # virtual machines
  qemu-system-x86 # QEMU
  ipxe-qemu    # the network cards' boot ROMs
  seabios
  ovmf         # UEFI, with Secure Boot and without
  qemu-utils   # qemu-img
  util-linux   # setpriv, unshare; mkswap, wipefs
  # model disks
  fdisk        # sfdisk
  dosfstools mtools e2fsprogs ntfs-3g
  partclone    # its map of used blocks is what our clones are held against
  syslinux     # boots the small model
  cpio
  faketime     # the same seed makes the same bytes
  mmdebstrap   # installs Debian
  uidmap       # mmdebstrap without root
  debian-archive-keyring # signs what mmdebstrap installs, and another release's kernel
)

TEST_PACKAGES=(
  python3-venv # ruff and mypy come from the Python package index
  procps
  tcpdump      # what the network tests look at
  partclone    # whose maps ours are held against
  xxhash       # xxh128sum, which our digests are held against
  groff-base   # reads the manual pages
  nbdkit nbdkit-plugin-python libnbd-bin fuse3 # stored images are mounted with them
  # building our own packages
  dpkg-dev debhelper dh-python
  python3-build
)

SERVER_PACKAGES=( # other people's boot servers, for the tests: unpacked, for installed they would run on this machine
  isc-dhcp-server kea-dhcp4-server
  tftpd-hpa
)

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$(basename "$0"): $1"
  exit 3
}

missing_packages() { # PACKAGE... -> those that are not installed, one a line
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

become_root() { # WHAT FOR: as_root=(sudo) where this is not root yet
  as_root=()
  ((EUID != 0)) || return 0
  command -v sudo >/dev/null || die "packages are missing; as root: $1"
  sudo true || die "sudo did not make us root, see above; as root: $1"
  as_root=(sudo)
}

update_lists() { # of the packages that Debian has now
  become_root "apt-get update"
  "${as_root[@]}" env LC_ALL=C.UTF-8 apt-get -q update </dev/null >&2 ||
    die "apt-get update failed, see above; is this machine online?"
}

install_packages() { # PACKAGE...
  local missing=() as_root=()
  command -v dpkg-query >/dev/null || die "this is no Debian: dpkg-query is not there. Debian 12 or 13 was expected."
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  become_root "apt-get install ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q)
  update_lists
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 ||
    die "apt-get could not install them, see above."
}

unpack_packages() { # DIRECTORY PACKAGE...: with what they need and is not installed; nothing is started or changed
  local directory=$1 stamp=$1/.made-for wanted plan missing=() as_root=() archives archive
  shift
  wanted="$(. /etc/os-release && echo "$VERSION_CODENAME") $*"
  [[ ! -r $stamp || $(<"$stamp") != "$wanted" ]] || return 0
  local apt=(env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -o APT::Sandbox::User=root)
  local plan_them=("${apt[@]}" install -s --no-install-recommends "$@")
  plan=$("${plan_them[@]}" 2>/dev/null) || { update_lists && plan=$("${plan_them[@]}"); } ||
    die "apt-get does not find them, see above."
  # "Inst NAME (VERSION ...)" is a new one; one that would be upgraded has its old version in brackets behind the name.
  mapfile -t missing < <(awk '/^Inst/ && $3 !~ /^\[/ { print $2 }' <<<"$plan")
  say "unpacking ${#missing[@]} Debian packages in $directory: ${missing[*]}"
  rm -rf "$directory"
  mkdir -p "$directory"
  archives=$(mktemp -d)
  if ((${#missing[@]})); then
    local download=(env -C "$archives" "${apt[@]}" download "${missing[@]}")
    "${download[@]}" </dev/null >&2 || { update_lists && "${download[@]}" </dev/null >&2; } ||
      die "apt-get could not download them, see above; is this machine online?"
    for archive in "$archives"/*.deb; do dpkg -x "$archive" "$directory"; done
  fi
  rm -rf "$archives"
  printf '%s\n' "$wanted" >"$stamp"
}

make_venv() { # DIRECTORY: with Debian's packages in sight, and pyproject.toml's `dev` tools
  local venv=$1 wanted stamp=$1/.made-for
  wanted=$("$PYTHON" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    print("\n".join(tomllib.load(file)["project"]["optional-dependencies"]["dev"]))')
  if [[ -x $venv/bin/python && -r $stamp && $(<"$stamp") == "$wanted" ]]; then
    return 0
  fi
  local requirements=()
  mapfile -t requirements <<<"$wanted"
  say "making the virtual environment $venv: ${requirements[*]}"
  "$PYTHON" -m venv --system-site-packages "$venv" >&2 || die "no virtual environment could be made in $venv."
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}" </dev/null >&2 ||
    die "pip could not install them, see above; is this machine online?"
  printf '%s\n' "$wanted" >"$stamp"
}

make_urwid() { # DIRECTORY: PyPI's newest, for the tests that hold the launcher against more than Debian's
  local directory=$1
  [[ -z $(find "$directory/urwid" -maxdepth 0 -mtime -7 2>/dev/null) ]] || return 0
  say "fetching the newest urwid into $directory"
  rm -rf "$directory"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --target "$directory" urwid </dev/null >&2 ||
    die "pip could not fetch urwid, see above; is this machine online?"
}
