# SPDX-License-Identifier: ISC
# The stacks that are compared. Each start function returns
#   { name, label, home (Maildirs below it), groups => { name => [process ids of the tree's roots] }, trace => [groups to trace],
#     smtp, pop3 (ports) or undef, auth (socket path) or undef, stop => sub }
package Bench::Stacks;

use strict;
use warnings;

use Bench::Host qw(DOMAIN PASSWORD OWNER accounts);
use Bench::Postfix qw(postfix_start);
use Bench::Util qw(run must slurp spit make_dir wait_for port_open spawn stop_pid say_line);

my %START = (guide => \&start_guide, virtual => \&start_virtual, lmtp => \&start_lmtp, ours => \&start_ours);

sub names { return qw(guide virtual lmtp ours) }

sub start {
    my ($h, $name) = @_;
    say_line("starting $name");
    my $stack = $START{$name}->($h);
    return { name => $name, %$stack };
}

sub stop {
    my ($stack) = @_;
    if ($stack->{stop}) { $stack->{stop}->(); return }
    stop_pid($_) for map { @$_ } @{ $stack->{groups} }{ @{ $stack->{trace} } };
}

sub home {
    my ($h, $name) = @_;
    my $home = "$h->{work}/home/$name";
    Bench::Host::make_mailboxes($h, $home);
    return $home;
}

# ---- the guide: Postfix, maildrop, authdaemond, courier-pop, MariaDB ------------------------------------

# /etc/courier and /run/courier are compiled in: ours are mounted over them (in our own mount namespace).
sub mount_courier {
    my ($h) = @_;
    my $etc = make_dir("$h->{work}/courier/etc");
    my $run = make_dir("$h->{work}/courier/run", 'courier');
    make_dir("$run/authdaemon", 'courier'); # 755, as the guide says: maildrop is not root
    must('cp', '-a', glob('/etc/courier/*'), $etc);
    must('mount', '--bind', $etc, '/etc/courier');
    make_dir('/run/courier');
    must('mount', '--bind', $run, '/run/courier');
}

sub configure_courier {
    my ($h, $home, $pop3_port) = @_;
    spit('/etc/courier/authdaemonrc', <<'TEXT', 0644);
authmodulelist="authmysql"
authmodulelistorig="authmysql"
daemons=5
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
LOGGEROPTS=""
TEXT
    spit('/etc/courier/authmysqlrc', <<"TEXT", 0644);
MYSQL_SERVER localhost
MYSQL_USERNAME extmail
MYSQL_PASSWORD extmail
MYSQL_SOCKET $h->{sql_socket}
MYSQL_PORT 0
MYSQL_OPT 0
MYSQL_DATABASE extmail
MYSQL_USER_TABLE mailbox
MYSQL_CRYPT_PWFIELD password
MYSQL_UID_FIELD uidnumber
MYSQL_GID_FIELD gidnumber
MYSQL_LOGIN_FIELD username
MYSQL_HOME_FIELD homedir
MYSQL_NAME_FIELD name
MYSQL_MAILDIR_FIELD maildir
MYSQL_QUOTA_FIELD quota
MYSQL_SELECT_CLAUSE SELECT username, password, "", uidnumber, gidnumber, CONCAT('$home/',homedir), CONCAT('$home/',maildir), quota, name FROM mailbox WHERE username = '\$(local_part)@\$(domain)'
##NAME: MARKER:0
TEXT
    my %change = (PORT => $pop3_port, ADDRESS => '127.0.0.1', MAXDAEMONS => 700, MAXPERIP => 700);
    my $pop3d = slurp('/etc/courier/pop3d');
    $pop3d =~ s/^$_=.*/$_=$change{$_}/m for keys %change;
    spit('/etc/courier/pop3d', $pop3d, 0644);
}

sub courier_start {
    my ($script, $pid_file) = @_;
    must('sh', '-c', "exec $script start >/dev/null 2>&1 </dev/null");
    my ($pid) = wait_for(sub { slurp($pid_file) =~ /(\d+)/ ? $1 : 0 }, 10) or die "$script does not start\n";
    return $pid;
}

sub start_guide {
    my ($h) = @_;
    my $home = home($h, 'guide');
    my ($smtp, $pop3) = ($h->{port} + 25, $h->{port} + 110);
    mount_courier($h);
    configure_courier($h, $home, $pop3);
    my $authd = courier_start('/usr/sbin/authdaemond', '/run/courier/authdaemon/pid');
    my $pop3d = courier_start('/usr/sbin/pop3d', '/run/courier/pop3d.pid');
    my ($status, $text) = run('/usr/sbin/authtest', '-s', 'login', 'u0001@' . DOMAIN, PASSWORD);
    $text =~ /succeeded/ or die "authdaemond refuses a test login:\n$text\n";
    my $master = postfix_start($h, 'guide', $smtp, "virtual_transport = maildrop:\n");
    wait_for(sub { port_open('127.0.0.1', $pop3) }, 10) or die "courier-pop does not listen\n";
    return {
        label => 'guide: Postfix, maildrop, authdaemond, courier-pop', home => $home, smtp => $smtp, pop3 => $pop3,
        auth => '/run/courier/authdaemon/socket', trace => [qw(postfix)], pop3_group => 'pop3d',
        groups => { postfix => [$master], authdaemond => [$authd], pop3d => [$pop3d], mariadb => [ $h->{mariadb} ], syslog => [ $h->{syslog} ] },
        stop => sub { stop_pid($_) for $master, $pop3d, $authd },
    };
}

# ---- Postfix alone -------------------------------------------------------------------------------------

sub start_virtual {
    my ($h) = @_;
    my $home = home($h, 'virtual');
    my $smtp = $h->{port} + 125;
    my $master = postfix_start($h, 'virtual', $smtp, <<"TEXT");
virtual_transport = virtual
virtual_mailbox_base = $home
virtual_uid_maps = static:$h->{uid}
virtual_gid_maps = static:$h->{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
TEXT
    return {
        label => 'Postfix with virtual(8)', home => $home, smtp => $smtp, trace => [qw(postfix)],
        groups => { postfix => [$master], mariadb => [ $h->{mariadb} ], syslog => [ $h->{syslog} ] },
    };
}

# ---- Postfix and Dovecot -----------------------------------------------------------------------------------

# dovecot-pop3d and courier-pop cannot both be installed: it is unpacked into the work directory.
sub unpack_dovecot_pop3d {
    my ($h, $dir) = @_;
    must('sh', '-c', "cd '$dir' && apt-get download -q dovecot-pop3d && dpkg -x dovecot-pop3d_*.deb unpacked");
    must('cp', '-a', '/usr/lib/dovecot', "$dir/libexec");
    must('cp', '-a', glob("$dir/unpacked/usr/lib/dovecot/pop3*"), "$dir/libexec/");
}

sub dovecot_config {
    my ($h, $home, $dir, $port) = @_;
    return <<"TEXT";
base_dir = $dir/run
state_dir = $dir/state
libexec_dir = $dir/libexec
log_path = $h->{log}/dovecot
protocols = lmtp pop3
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
first_valid_uid = 1
mail_location = maildir:~/Maildir
auth_mechanisms = plain login
mail_max_userip_connections = 0
passdb {
  driver = passwd-file
  args = scheme=MD5-CRYPT username_format=%u $dir/passwd
}
userdb {
  driver = passwd-file
  args = username_format=%u $dir/passwd
}
service pop3-login {
  inet_listener pop3 {
    port = $port
  }
  inet_listener pop3s {
    port = 0
  }
  service_count = 0
  process_min_avail = 2
  client_limit = 1000
}
service pop3 {
  process_limit = 1000
}
service anvil {
  client_limit = 3000
}
service auth {
  client_limit = 4000
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
TEXT
}

sub start_lmtp {
    my ($h) = @_;
    my $home = home($h, 'lmtp');
    my ($smtp, $pop3) = ($h->{port} + 225, $h->{port} + 210);
    my $dir = make_dir("$h->{work}/dovecot");
    unpack_dovecot_pop3d($h, $dir);
    my $hash = crypt PASSWORD, '$1$abcdefgh$';
    spit("$dir/passwd", join '', map { "$_\@" . DOMAIN . ":$hash:$h->{uid}:$h->{gid}::$home/" . DOMAIN . "/${_}::\n" } accounts());
    spit("$dir/conf", dovecot_config($h, $home, $dir, $pop3));
    my $dovecot = spawn("$h->{log}/dovecot-start", 'dovecot', '-F', '-c', "$dir/conf");
    wait_for(sub { -S "$dir/run/lmtp" && port_open('127.0.0.1', $pop3) }, 15) or die "Dovecot does not start; see $h->{log}/dovecot\n";
    my $master = postfix_start($h, 'lmtp', $smtp, "virtual_transport = lmtp:unix:$dir/run/lmtp\n");
    return {
        label => 'Postfix and Dovecot by LMTP; Dovecot POP3', home => $home, smtp => $smtp, pop3 => $pop3, trace => [qw(postfix dovecot)],
        groups => { postfix => [$master], dovecot => [$dovecot], mariadb => [ $h->{mariadb} ], syslog => [ $h->{syslog} ] },
        pop3_group => 'dovecot',
    };
}

# ---- ours ------------------------------------------------------------------------------------------------------

# name => [ pid ] of the parents whose pid files are in $dir (one may have two files).
sub daemons {
    my ($dir) = @_;
    my %pid_of;
    for my $file (glob "$dir/*.pid") {
        my ($pid) = slurp($file) =~ /(\d+)/ or next;
        (my $name = slurp("/proc/$pid/comm")) =~ s/\s+\z//;
        $pid_of{$name} = [$pid] if $name ne '';
    }
    return %pid_of;
}

sub start_ours {
    my ($h) = @_;
    my $state = "$h->{work}/ours";
    my $base = $h->{port} + 1000;
    my @start = ("$h->{source}/../start", '-d', $state);
    my ($status, $text) = run('sh', '-c', "exec @start -p $base -o pop3d_max_daemons=700 -o pop3d_max_per_ip=700 --detach >$h->{log}/start 2>&1 </dev/null");
    $status == 0 or die "./start:\n" . slurp("$h->{log}/start") . "\n";
    spit("$h->{work}/accounts.sql", "BEGIN;\n" . Bench::Host::account_rows($h) . "COMMIT;\n");
    must('sh', '-c', "sqlite3 $state/accounts/accounts.db < $h->{work}/accounts.sql");
    Bench::Host::make_mailboxes($h, "$state/domains");
    my %groups = daemons("$state/spool/pid");
    return {
        label => 'ours', home => "$state/domains", smtp => $base + 25, pop3 => $base + 110, auth => "$state/authdaemon/socket",
        groups => \%groups, trace => [ sort keys %groups ], pop3_group => 'pop3d', stop => sub { run(@start, '--stop') },
    };
}

1;
