# SPDX-License-Identifier: ISC
# What ./start and ./check share: installing what is missing, and building.
# POSIX sh; read with ". tools/lib.sh" in the top directory.

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
any_file() { for file in "$@"; do if [ -e "$file" ]; then return 0; fi; done; return 1; }
PATH=$PATH:/usr/sbin:/sbin # an ordinary user's may lack them
have() { command -v "$1" >/dev/null 2>&1; }

# ---- what is missing ----------------------------------------------------------------------
# Each need_* adds to $missing (package names) and $missing_what (for people) when something
# is not there. The last two arguments are Debian's and CentOS's package.

missing='' missing_what=''

is_debian() { have apt-get; }

lacks() { # what debian-package centos-package
	if is_debian; then missing="$missing $2"; else missing="$missing $3"; fi
	missing_what="$missing_what $1"
}
need_command() { have "$1" || lacks "$@"; }
need_header() { have cc && echo "#include <$1>" | cc -E - >/dev/null 2>&1 || lacks "$@"; }
need_perl_module() { have perl && perl -M"$1" -e 1 >/dev/null 2>&1 || lacks "$@"; }
need_sasl_plugin() { any_file /usr/lib*/sasl2/lib"$1".so* /usr/lib/*/sasl2/lib"$1".so* || lacks "$@"; }

need_build_tools() {
	need_command cc gcc gcc
	need_command make make make
	need_command autoconf autoconf autoconf
	need_command automake automake automake
	need_header stdio.h libc6-dev glibc-devel
	need_header ev.h libev-dev libev-devel
	need_header sqlite3.h libsqlite3-dev sqlite-devel
	need_header sasl/sasl.h libsasl2-dev cyrus-sasl-devel
	need_header openssl/evp.h libssl-dev openssl-devel
	! is_debian || need_header seccomp.h libseccomp-dev libseccomp-devel # elsewhere configure does without
}

# What the running daemons and ./start itself need.
need_to_run() {
	need_sasl_plugin plain libsasl2-modules cyrus-sasl-plain
	need_perl_module IO::Socket::INET perl perl
	need_command setsid util-linux util-linux
}

# Installs $missing. Says what it does; where it may not, says what to type.
install_missing() {
	[ -n "$missing" ] || return 0
	if is_debian; then
		install_cmd="apt-get install -y --no-install-recommends$missing"
	elif have dnf; then
		install_cmd="dnf install -y$missing"
	elif have yum; then
		install_cmd="yum install -y$missing"
	else
		die "missing:$missing_what. Install them (packages:$missing) and run this again."
	fi
	if [ "$(id -u)" -eq 0 ]; then
		as_root=
	elif have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		as_root=sudo
	else
		die "missing:$missing_what. As root, type:  $install_cmd"
	fi
	say "Installing what is missing:$missing_what"
	if ! run_install; then
		is_debian || say "(On CentOS, libev-devel is in EPEL: yum install epel-release)"
		die "could not install; try by hand:  $install_cmd"
	fi
	missing='' missing_what=''
}

# One try; with fresh package lists where the first fails.
run_install() {
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	log=$(mktemp)
	# shellcheck disable=SC2086 # both are lists of words
	if $as_root env DEBIAN_FRONTEND=noninteractive $install_cmd >"$log" 2>&1 ||
		{ is_debian && $as_root apt-get update >>"$log" 2>&1 &&
			$as_root env DEBIAN_FRONTEND=noninteractive $install_cmd >>"$log" 2>&1; }; then
		rm -f "$log"
		return 0
	fi
	tail -n 20 "$log" >&2
	rm -f "$log"
	return 1
}

# ---- building -------------------------------------------------------------------------------

cpus() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1; }

# configure and Makefile.in, where they are missing or older than what they are made from.
autogen() {
	if [ -f configure ] && [ -f Makefile.in ] && [ -f config.h.in ] &&
		[ -z "$(find configure.ac Makefile.am ./*/local.mk -newer configure)" ]; then
		return 0
	fi
	log=$(mktemp)
	./autogen.sh >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; die "autogen.sh failed"; }
	rm -f "$log"
}

# Builds in directory $1 (below the source, so that configure sees it as "..", whatever
# blanks the path has), configured with the other arguments.
build_in() {
	dir=$1
	shift
	autogen
	mkdir -p "$dir"
	(
		cd "$dir" || exit 1
		if [ ! -f Makefile ] || [ -n "$(find ../configure -newer Makefile)" ] || [ "$(cat .configured 2>/dev/null)" != "$*" ]; then
			../configure -q "$@" && printf '%s' "$*" >.configured || exit 1
		fi
		# shellcheck disable=SC2086 # targets are a list of words
		make -s V=1 -j"$(cpus)" ${MAKE_TARGETS-}
	) || die "the build in ./$dir failed"
}
