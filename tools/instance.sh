# SPDX-License-Identifier: ISC
# One running mailreeve in a state directory: making it, starting, asking, stopping.
# Read by ./start after tools/lib.sh. Uses $here (the source), $state, $base, $overrides,
# $programs (where the build is).

SERVICES="authd localdeliver queue smtpd pop3d" # in the order of starting
STOP_ORDER="smtpd pop3d queue localdeliver authd"
STOP_SECONDS=15 # for one daemon to end what is under way; then SIGKILL
DOMAIN=example.com
ACCOUNTS="postmaster alice"

is_root() { [ "$(id -u)" -eq 0 ]; }

# ---- where it is ------------------------------------------------------------------------------

# Every directory on the way to $1 may be entered by everybody.
others_may_enter() {
	dir=$1
	while [ "$dir" != / ] && [ -n "$dir" ]; do
		if [ -d "$dir" ] && [ -z "$(find "$dir" -prune -perm -001)" ]; then
			closed_dir=$dir
			return 1
		fi
		dir=$(dirname "$dir")
	done
}

# Settles $state and $base.
instance_locate() {
	if [ -z "$state" ]; then
		state=$here/run
		if is_root && ! others_may_enter "$here"; then
			state=/var/lib/mailreeve-run
			say "The service users may not enter $closed_dir: the state directory is $state."
		fi
	elif is_root && ! others_may_enter "$state"; then
		die "$state: the service users may not enter $closed_dir; choose another directory, or: chmod o+x '$closed_dir'"
	fi
	case $state in
	*[\'\"\\\$\{\}\,\;\|\&]*) die "$state: a state directory's name may have no quotes, braces, commas or signs of the shell in it" ;;
	esac
	# The longest socket below it must fit into sun_path (108 bytes, unix(7)).
	[ ${#state} -le 66 ] || die "$state: name too long for the sockets in it (66 characters at most); use -d"
	etc=$state/etc
	if [ -z "$base" ] && [ -f "$state/base" ]; then
		base=$(cat "$state/base")
	fi
	base=${base:-10000}
	smtp_port=$((base + 25))
	pop3_port=$((base + 110))
}

program() { # service or tool name
	case $1 in
	mailadm | authtest) printf '%s/authd/%s' "$programs" "$1" ;;
	*) printf '%s/%s/%s' "$programs" "$1" "$1" ;;
	esac
}

# ---- making it ----------------------------------------------------------------------------------

make_user() { # name
	id "$1" >/dev/null 2>&1 && return
	nologin=/sbin/nologin
	[ -x "$nologin" ] || nologin=/usr/sbin/nologin
	useradd --system --user-group --no-create-home --home-dir / --shell "$nologin" "$1" ||
		die "could not make the service user $1 (useradd)"
}

make_users() {
	if is_root; then
		for user in mr-smtpd mr-queue mr-local mr-auth mr-pop3 vuser; do
			make_user "$user"
		done
		mailbox_uid=$(id -u vuser) mailbox_gid=$(id -g vuser)
	else
		mailbox_uid=$(id -u) mailbox_gid=$(id -g)
		say "Not root: all daemons run as $(id -un), without separate users or chroot."
	fi
}

own() { # user directory
	if is_root; then chown "$1:$(id -gn "$1")" "$2"; fi
}

make_directories() {
	(
		umask 022
		mkdir -p "$state" "$etc" "$state/spool" "$state/authdaemon" "$state/log" "$state/domains" "$state/accounts"
	) || die "cannot make the state directory $state"
	chmod 700 "$state/domains" "$state/accounts"
	own vuser "$state/domains"
	own mr-auth "$state/accounts"
}

# Puts the settings of -o into main.cf, in place of those of the same names (with their
# continuation lines).
override_settings() { # file
	[ -n "$overrides" ] || return 0
	printf '%s' "$overrides" | awk '
		FNR == NR { line[NR] = $0; name = $0; sub(/[ \t]*=.*/, "", name); given[name] = 1; n = NR; next }
		/^[a-z]/ { name = $0; sub(/[ \t]*=.*/, "", name); skip = (name in given) }
		/^(#|$)/ { skip = 0 }
		!skip
		END { print "\n# Given to ./start with -o."; for (i = 1; i <= n; i++) print line[i] }
	' - "$1" >"$1.with" && mv "$1.with" "$1"
}

# Writes $etc/NAME from its template. A file that somebody has changed since it was written is
# kept, and the new one put beside it.
make_config_file() { # name
	new=$etc/.new/$1 last=$etc/.written/$1
	"$here/tools/fill-template" "CONFIG_DIR=$etc" "QUEUE_DIR=$state/spool" "STATE_DIR=$state" \
		"MAILLOG_FILE=$state/log/mail.log" "MAILBOX_DIR=$state/domains" "DATABASE=$state/accounts/accounts.db" \
		"AUTHDAEMON_DIR=$state/authdaemon" "EMPTY_DIR=$state/spool/empty" \
		"HOSTNAME=mail.$DOMAIN" "INET_INTERFACES=127.0.0.1" "SMTP_PORT=127.0.0.1:$smtp_port" "POP3=127.0.0.1:$pop3_port" \
		<"$here/conf/$1" >"$new" || die "conf/$1: could not be filled in"
	if [ "$1" = main.cf ]; then override_settings "$new"; fi
	if [ -f "$etc/$1" ] && ! cmp -s "$etc/$1" "$last"; then
		cmp -s "$new" "$last" && return
		cp "$new" "$etc/$1.new"
		say "Kept your $etc/$1; what ./start would write is in $1.new beside it."
		return
	fi
	cp "$new" "$etc/$1"
	mv "$new" "$last"
}

make_configuration() {
	mkdir -p "$etc/.new" "$etc/.written"
	for template in "$here"/conf/*; do
		make_config_file "${template##*/}"
	done
	rm -rf "$etc/.new"
	printf '%s\n' "$base" >"$state/base"
}

random_password() { LC_ALL=C tr -dc 'a-km-zA-HJ-NP-Z2-9' </dev/urandom | head -c 16; }

password_of() { awk -v a="$1" '$1 == a { print $2 }' "$state/credentials"; }

mailadm() { "$(program mailadm)" -c "$etc" "$@"; }

make_account() { # address
	[ -z "$(password_of "$1")" ] || return 0
	password=$(random_password)
	printf '%s\n' "$password" | mailadm mailbox add "$1" --password-stdin --quota 104857600S \
		--uid "$mailbox_uid" --gid "$mailbox_gid" || die "could not make the account $1"
	printf '%s %s\n' "$1" "$password" >>"$state/credentials"
}

make_accounts() {
	new_instance=
	if [ ! -f "$state/credentials" ]; then
		new_instance=yes
		mailadm init || die "could not make the account database"
		mailadm domain add "$DOMAIN" || die "could not add the domain $DOMAIN"
		(umask 077 && : >"$state/credentials")
	fi
	for account in $ACCOUNTS; do
		make_account "$account@$DOMAIN"
	done
	if is_root; then chown -R "mr-auth:$(id -gn mr-auth)" "$state/accounts"; fi
	# The database has a directory of its own because SQLite writes its journal beside it, as mr-auth.
	ln -sf accounts/accounts.db "$state/accounts.db"
}

# ---- its processes ------------------------------------------------------------------------------

alive() { # pids: those of them that live (a zombie does not)
	for pid in "$@"; do
		case $(cat "/proc/$pid/stat" 2>/dev/null) in
		'' | *") Z "*) ;;
		*) printf '%s ' "$pid" ;;
		esac
	done
}

# The pid of a daemon's parent, when it runs.
service_pid() { # service
	pid=$(cat "$state/spool/pid/$1.pid" 2>/dev/null) && pid=$(printf %s "$pid" | tr -dc 0-9) || return 1
	[ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && [ -n "$(alive "$pid")" ] || return 1
	printf '%s' "$pid"
}

# $1 and all processes it started, directly or not.
process_tree() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v root="$1" '
		{ pid = $1; sub(/^.*\) /, ""); parent[pid] = $2 }
		END {
			mine[root] = 1
			do {
				grew = 0
				for (p in parent) if (!(p in mine) && (parent[p] in mine)) { mine[p] = 1; grew = 1 }
			} while (grew)
			for (p in mine) printf "%s ", p
		}'
}

count_running() {
	running=0
	for service in $SERVICES; do
		if service_pid "$service" >/dev/null; then running=$((running + 1)); fi
	done
}

instance_runs() {
	count_running
	[ "$running" -eq 5 ]
}

ports_must_be_free() {
	for port in "$smtp_port" "$pop3_port"; do
		perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1)' "$port" ||
			die "port $port is in use by another program; choose other ports with -p BASE (BASE+25 and BASE+110)"
	done
}

instance_start() {
	for daemon in $SERVICES; do
		if ! "$(program "$daemon")" -c "$etc"; then
			say "The end of $state/log/mail.log:" >&2
			tail -n 5 "$state/log/mail.log" >&2 2>/dev/null || :
			instance_stop >/dev/null
			die "$daemon did not start (above it says why)"
		fi
	done
}

stop_service() { # service
	parent=$(service_pid "$1") || return 0
	pids=$(process_tree "$parent")
	kill -TERM "$parent" 2>/dev/null || [ ! -d "/proc/$parent" ] || die "may not stop $1 (pid $parent): it was started by another user"
	tenths=0
	# shellcheck disable=SC2086 # lists of pids
	while left=$(alive $pids) && [ -n "$left" ]; do
		sleep 0.1
		tenths=$((tenths + 1))
		if [ "$tenths" -eq $((STOP_SECONDS * 10)) ]; then
			say "$1 has not ended after $STOP_SECONDS seconds: killed."
			kill -KILL $left 2>/dev/null || :
		fi
	done
}

instance_stop() {
	count_running
	if [ "$running" -eq 0 ]; then
		say "No mailreeve runs in $state."
		return 0
	fi
	for service in $STOP_ORDER; do
		stop_service "$service"
	done
	say "Stopped."
}

# A suite of which some daemons are gone is stopped as a whole before it is started again.
instance_stop_remains() {
	count_running
	if [ "$running" -ne 0 ]; then
		say "Only $running of the daemons run; stopping those first."
		instance_stop
	fi
}

instance_status() {
	count_running
	for service in $SERVICES; do
		if pid=$(service_pid "$service"); then
			printf '%-13s runs, pid %s\n' "$service" "$pid"
		else
			printf '%-13s does not run\n' "$service"
		fi
	done
	say "state directory $state, SMTP port $smtp_port, POP3 port $pop3_port, log $state/log/mail.log"
	[ "$running" -eq 5 ] || return 3
}

# ---- trying it, and what to type next -------------------------------------------------------------

try_first_message() {
	[ -n "$new_instance" ] || return 0
	MR_PASSWORD=$(password_of "alice@$DOMAIN") "$here/tools/first-message" "$smtp_port" "$pop3_port" \
		"postmaster@$DOMAIN" "alice@$DOMAIN" ||
		die "the first message did not arrive; see $state/log/mail.log (the daemons still run: ./start --stop)"
}

base64_of() { printf %s "$1" | base64; }

say_next() {
	if [ ! -r "$state/credentials" ]; then
		say "Its accounts and passwords are in $state/credentials, which you may not read."
		return
	fi
	programs=${programs:-${MR_BUILD:-$here/build}}
	alice=alice@$DOMAIN
	password=$(password_of "$alice")
	postmaster_password=$(password_of "postmaster@$DOMAIN")
	# What the user types to come back to this instance.
	self=./start
	[ "$state" = "$here/run" ] || self="./start -d '$state'"
	cat <<TEXT

Type next:

1. Ask for the account, as courier's authtest does:
     '$(program authtest)' -c '$etc' -s login $alice $password

2. Send a message as alice:
     telnet 127.0.0.1 $smtp_port
       EHLO localhost
       AUTH LOGIN
       $(base64_of "$alice")
       $(base64_of "$password")
       MAIL FROM:<$alice>
       RCPT TO:<postmaster@$DOMAIN>
       DATA
       Subject: hello

       Hello.
       .
       QUIT

   or in one line:
     swaks --server 127.0.0.1:$smtp_port --from $alice --to postmaster@$DOMAIN --auth LOGIN --auth-user $alice --auth-password $password

3. Read it:
     telnet 127.0.0.1 $pop3_port
       USER postmaster@$DOMAIN
       PASS $postmaster_password
       LIST
       RETR 1
       QUIT

Log:       tail -f '$state/log/mail.log'
Settings:  '$etc/main.cf'
Passwords: '$state/credentials'
Status:    $self --status
Stop:      $self --stop

TEXT
}
