#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# authd alone: the authdaemon socket as Courier's, what our other daemons ask, logins, and what hostile
# clients do to none of the others.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp ();
use IO::Select;
use IO::Socket::UNIX;
use MrFrame qw(u32 str blob frame);
use MrTest qw(wait_for slurp build_dir source_dir run_command have_command);
use Test::More;
use Time::HiRes qw(sleep time);

have_command('sqlite3') or plan skip_all => 'the program sqlite3 is not installed';

my $HASH = '$1$phz1mRrj$3ok6BjeaoJYWDBsEPZb5C0';    # of "extmail"
my $dir = File::Temp->newdir('/tmp/mr-authd-XXXXXX');
chmod 0755, "$dir" or die;
my $build = build_dir();
my $root = $> == 0;
my $user = $root ? (grep { defined getpwnam $_ } qw(mr-auth nobody))[0] : getpwuid $>;

# ---- settings and accounts ------------------------------------------------------------------

sub write_file { my ($name, $text) = @_; open my $f, '>', "$dir/$name" or die "$name: $!"; print {$f} $text; close $f or die }

sub sql { my ($sql) = @_; my ($rc, $out) = run_command(['sqlite3', "$dir/db/accounts.db"], input => $sql); $rc == 0 or die "sqlite3: $out"; return $out }

mkdir "$dir/$_" or die for qw(etc db);
for my $file (qw(authdaemonrc authsqliterc sqlite_virtual_alias_maps.cf sqlite_virtual_domains_maps.cf
    sqlite_virtual_mailbox_maps.cf sqlite_virtual_sender_maps.cf)) {
    my $text = slurp(source_dir() . "/conf/$file");
    $text =~ s/\@DATABASE\@/$dir\/db\/accounts.db/g;
    $text =~ s/\@MAILBOX_DIR\@/\/home\/domains/g;
    write_file("etc/$file", $text);
}
write_file('etc/main.cf', <<"CF");
queue_directory = $dir/spool
maillog_file = $dir/log
authd_user = $user
myhostname = mail.pris.cn
mydestination = \$myhostname, localhost
relay_domains = relay.example
virtual_mailbox_domains = sqlite:$dir/etc/sqlite_virtual_domains_maps.cf
virtual_mailbox_maps = sqlite:$dir/etc/sqlite_virtual_mailbox_maps.cf
virtual_alias_maps = sqlite:$dir/etc/sqlite_virtual_alias_maps.cf
virtual_alias_domains = aliases.example
smtpd_sender_login_maps = sqlite:$dir/etc/sqlite_virtual_sender_maps.cf, sqlite:$dir/etc/sqlite_virtual_alias_maps.cf
recipient_delimiter = +
authlib_config_directory = $dir/etc
authdaemon_socket_directory = $dir/authdaemon
CF
write_file('etc/master.cf', '');
sql(slurp(source_dir() . '/schema/extmail.sqlite.sql'));
my $set = "INSERT INTO domain (domain) VALUES ('pris.cn'), ('all.example');\n"
    . "INSERT INTO domain (domain, active) VALUES ('off.example', 0);\n";
my @columns = qw(username uid password name maildir homedir quota domain);
for my $row (['postmaster', 'PostMaster', ''], ['alice', '', ''], ['inactive', '', 'active = 0'],
    ['expired', '', "expiredate = '2010-11-08'"], ['later', '', "expiredate = '2999-01-01'"],
    ['nopop', '', 'disablepop3 = 1'], ['nosmtp', '', 'disablesmtpd = 1'], ['rootish', '', 'uidnumber = 0'],
    ['daemonish', '', 'uidnumber = 1'], ['nohash', '', "password = ''"]) {
    my ($name, $full, $more) = @$row;
    $set .= "INSERT INTO mailbox (" . join(', ', @columns) . ") VALUES ('$name\@pris.cn', '$name', '$HASH', '$full', "
        . "'pris.cn/$name/Maildir/', 'pris.cn/$name', '104857600S', 'pris.cn');\n";
    $set .= "UPDATE mailbox SET $more WHERE uid = '$name';\n" if $more;
}
$set .= "INSERT INTO mailbox (" . join(', ', @columns) . ") VALUES ('x\@off.example', 'x', '$HASH', '', 'off.example/x/Maildir/', 'off.example/x', '0', 'off.example');\n";
my @aliases = (
    ['support@pris.cn', 'postmaster@pris.cn'], ['team@pris.cn', 'alice@pris.cn, Postmaster@pris.cn,a@far.example'],
    ['loop@pris.cn', 'loop@pris.cn'], ['a@pris.cn', 'b@pris.cn'], ['b@pris.cn', 'a@pris.cn'],
    ['alice@pris.cn', 'alice@pris.cn, copy@far.example'], ['@all.example', '@pris.cn'],
    ['bare@pris.cn', 'root'], ['nest1@pris.cn', 'team@pris.cn support@pris.cn'], ['bad@pris.cn', 'a b@@, |prog'],
    ['v@aliases.example', 'alice@pris.cn'], ['bareuser', 'alice@pris.cn'], ['alice+own@pris.cn', 'postmaster@pris.cn'],
);
$set .= "INSERT INTO alias (address, goto) VALUES ('$_->[0]', '$_->[1]');\n" for @aliases;
$set .= "INSERT INTO alias (address, goto) VALUES ('many\@pris.cn', '" . join(',', map { "m$_\@far.example" } 1 .. 1200) . "');\n";
sql($set);
if ($root) {
    my ($uid, $gid) = (getpwnam $user)[2, 3];
    chown $uid, $gid, "$dir/db", "$dir/db/accounts.db";
}

# ---- the daemon ---------------------------------------------------------------------------------

my $owner = $$;
sub daemon_pid { my $pid = slurp("$dir/spool/pid/authd.pid") || ''; return $pid =~ /(\d+)/ ? $1 : 0 }
sub stop { my $pid = daemon_pid() or return; kill 'TERM', $pid; wait_for(sub { !kill 0, $pid }, 15) or kill 'KILL', $pid }
END {
    if ($owner && $$ == $owner) {
        my $status = $?;
        stop();
        my @reports = grep { /Sanitizer|runtime error:/ } split /\n/, slurp("$dir/log") || '';
        diag("in the log: $_") for @reports;
        $? = $status || !!@reports;
    }
}

my ($rc, $out) = run_command(["$build/authd/authd", '-c', "$dir/etc"]);
is $rc, 0, 'authd starts' or BAIL_OUT("authd does not start: $out");
my $socket = "$dir/authdaemon/socket";
ok wait_for(sub { -S $socket }), 'the authdaemon socket is there';
is((stat "$dir/authdaemon")[2] & 07777, 0755, 'its directory is open to everybody');
is((stat $socket)[2] & 0777, 0777, 'so is the socket');

# Sends the parts one by one; what comes back until the end of the connection, and how long that took.
sub talk {
    my ($parts, %opt) = @_;
    my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $socket) or die "connect: $!";
    my $begin = time;
    local $SIG{PIPE} = 'IGNORE';
    for (@$parts) { syswrite $s, $_; sleep 0.05 if @$parts > 1 }
    shutdown $s, 1 if $opt{half};
    my $got = '';
    while (IO::Select->new($s)->can_read(15)) { sysread $s, $got, 65536, length $got or last }
    return wantarray ? ($got, time - $begin) : $got;
}

sub account {
    my ($clear) = @_;
    return "UID=1000\nGID=1000\nHOME=/home/domains/pris.cn/postmaster\nADDRESS=postmaster\@pris.cn\nNAME=PostMaster\n"
        . "MAILDIR=/home/domains/pris.cn/postmaster/Maildir/\nQUOTA=104857600S\nPASSWD=$HASH\n" . ($clear ? "PASSWD2=$clear\n" : '') . ".\n";
}

sub auth { my ($service, $type, $login, $password) = @_; my $data = "$service\n$type\n$login\n$password\n"; return 'AUTH ' . length($data) . "\n$data" }

# ---- Courier's transcripts ------------------------------------------------------------------------
my $good = account('extmail');
my $pre = account();
my @cases = (
    ['AUTH login', ["AUTH 39\nlogin\nlogin\npostmaster\@pris.cn\nextmail\n"], $good],
    ['AUTH without the last newline', ["AUTH 38\nlogin\nlogin\npostmaster\@pris.cn\nextmail"], $good],
    ['AUTH as Cyrus SASL sends it', ["AUTH 38\nsmtp\nlogin\npostmaster\@pris.cn\nextmail\n"], $good],
    ['AUTH with one newline more', ["AUTH 38\nsmtp\nlogin\npostmaster\@pris.cn\nextmail\n\n"], $good],
    ['AUTH behind metadata', ["TCPREMOTEIP=::1\nAUTH 39\nlogin\nlogin\npostmaster\@pris.cn\nextmail\n"], $good],
    ['wrong password', [auth('login', 'login', 'postmaster@pris.cn', 'wrong')], "FAIL\n"],
    ['unknown user', [auth('login', 'login', 'nobody@pris.cn', 'extmail')], "FAIL\n"],
    ['type foo', [auth('login', 'foo', 'postmaster@pris.cn', 'extmail')], "FAIL\n"],
    ['type plain', [auth('login', 'plain', 'postmaster@pris.cn', 'extmail')], "FAIL\n"],
    ['two writes', ["AUTH 39\nlo", "gin\nlogin\npostmaster\@pris.cn\nextmail\n"], $good],
    ['length too large, half-close', ["AUTH 100\nlogin\nlogin\npostmaster\@pris.cn\nextmail\n"], '', half => 1],
    ['length 0', ["AUTH 0\n"], ''],
    ['length xyz', ["AUTH xyz\n"], ''],
    ['length 99999999', ["AUTH 99999999\n"], ''],
    ['length -1', ["AUTH -1\n"], ''],
    ['empty user', ["AUTH 21\nlogin\nlogin\n\nextmail\n"], "FAIL\n"],
    ['empty password', ["AUTH 32\nlogin\nlogin\npostmaster\@pris.cn\n\n"], "FAIL\n"],
    ['a NUL in the password', [auth('login', 'login', 'postmaster@pris.cn', "extmail\0x")], "FAIL\n"],
    ['upper case', [auth('login', 'login', 'POSTMASTER@PRIS.CN', 'extmail')], $good],
    ['PRE .', ["PRE . login postmaster\@pris.cn\n"], $pre],
    ['PRE . smtp', ["PRE . smtp postmaster\@pris.cn\n"], $pre],
    ['PRE authsqlite', ["PRE authsqlite login postmaster\@pris.cn\n"], $pre],
    ['PRE other module', ["PRE authpam login postmaster\@pris.cn\n"], "FAIL\n"],
    ['PRE unknown user', ["PRE . login nobody\@pris.cn\n"], "FAIL\n"],
    ['PRE bare user', ["PRE . login postmaster\n"], "FAIL\n"],
    ['PRE missing args', ["PRE . login\n"], ''],
    ['PRE with a blank', ["PRE . login a b\@pris.cn\n"], "FAIL\n"],
    ['PRE with CRLF', ["PRE . login postmaster\@pris.cn\r\n"], "FAIL\n"],
    ['PRE with a quote', ["PRE . login a'b\@pris.cn\n"], "FAIL\n"],
    ['PRE with 8 bits that are no UTF-8', ["PRE . login \xe9\@pris.cn\n"], "FAIL\n"],
    ['PRE with a long name', ['PRE . login ' . 'a' x 2000 . "\@pris.cn\n"], "FAIL\n"],
    ['PASSWD wrong old', ["PASSWD login\tpostmaster\@pris.cn\twrong\tnewpw\n"], "FAIL\n"],
    ['PASSWD malformed', ["PASSWD login\n"], ''],
    ['unknown command', ["HELLO\n"], ''],
    ['lower case', ["auth 45\n"], ''],
    ['empty line', ["\n"], ''],
    ['two requests, two writes', ["PRE . login postmaster\@pris.cn\n", "PRE . login postmaster\@pris.cn\n"], $pre],
    ['two requests, one write', ["PRE . login postmaster\@pris.cn\nPRE . login nobody\@pris.cn\n"], $pre],
    ['a line without end', ['PRE . login ' . 'a' x 9000], ''],
    ['10 MB', ['PRE . login ' . 'a' x 10_000_000 . "\n"], ''],
    ['10 MB of metadata', ["A=b\n" x 2_500_000], ''],
    ['bytes one by one', [split //, "PRE . login postmaster\@pris.cn\n"], $pre],
);
is talk($_->[1], @$_[3 .. $#$_]), $_->[2], "authdaemon: $_->[0]" for @cases;

is talk(["PRE . login $_\@pris.cn\n"]), "FAIL\n", "$_ is no account" for qw(inactive expired);
is talk(["PRE . login x\@off.example\n"]), "FAIL\n", 'nor is one of an inactive domain';
like talk(["PRE . login later\@pris.cn\n"]), qr/^UID=/, 'one that expires later is';
is talk(["PRE . login rootish\@pris.cn\n"]), '', 'uid 0 is trouble, not an account';
is talk([auth('login', 'login', 'nohash@pris.cn', 'x')]), "FAIL\n", 'an account without a password';
like talk(["PRE . login nopop\@pris.cn\n"]), qr/^OPTIONS=disablepop3=1\n\.\n/m, 'options are told';
is talk([auth('pop3', 'login', 'nopop@pris.cn', 'extmail')]), "FAIL\n", 'disablepop3 shuts pop3';
like talk([auth('smtp', 'login', 'nopop@pris.cn', 'extmail')]), qr/^UID=/, 'and not smtp';
is talk([auth('smtp', 'login', 'nosmtp@pris.cn', 'extmail')]), "FAIL\n", 'disablesmtpd shuts smtp';

my $list = talk(["ENUMERATE\n"]);
like $list, qr{\A# authsqlite\n\npostmaster\@pris\.cn\t1000\t1000\tpris\.cn/postmaster\tpris\.cn/postmaster/Maildir/\t\n}, 'ENUMERATE';
like $list, qr/\n\.\n\z/, 'it has an end';

is talk(["PASSWD login\talice\@pris.cn\textmail\tnew pass\n"]), "OK\n", 'PASSWD';
like sql("SELECT password FROM mailbox WHERE uid = 'alice';"), qr/^\$1\$[^\$]{8}\$/, 'the new hash is of the old one\'s kind';
like talk([auth('login', 'login', 'alice@pris.cn', 'new pass')]), qr/^UID=/, 'the new password is good at once';
is talk([auth('login', 'login', 'alice@pris.cn', 'extmail')]), "FAIL\n", 'the old one is not';
is talk(["PASSWD login\talice\@pris.cn\tnew pass\textmail\n"]), "OK\n", 'and back';

# Idle connections hold up nobody, and are closed after ten seconds.
my @idle = map { IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $socket) || () } 1 .. 300;
syswrite $_, 'PRE . login post' for @idle[0 .. 100];
my ($got, $took) = talk(["PRE . login postmaster\@pris.cn\n"]);
is $got, $pre, '300 idle connections';
cmp_ok $took, '<', 2, 'do not delay others';
($got, $took) = talk(['PRE . login post']);
is $got, '', 'an incomplete request gets no reply';
ok $took > 9 && $took < 13, "and is closed after 10 seconds ($took)";
@idle = ();

# ---- what smtpd asks ------------------------------------------------------------------------------
my ($OK, $UNKNOWN, $TEMP) = (1, 2, 3);
my ($LOCAL, $ALIAS, $MAILBOX, $RELAY, $OTHER) = 1 .. 5;
my $private = "$dir/spool/private";

SKIP: {
    my $smtpd = MrFrame->connect("$private/authd.smtpd");
    my $in_table = sub { "User unknown in $_[0] table" };
    for (
        ['postmaster@pris.cn', $OK, $MAILBOX], ['POSTMASTER@Pris.CN', $OK, $MAILBOX],
        ['support@pris.cn', $OK, $MAILBOX], ['postmaster+ext@pris.cn', $OK, $MAILBOX],
        ['nobody@pris.cn', $UNKNOWN, $MAILBOX, $in_table->('virtual mailbox')],
        ['inactive@pris.cn', $UNKNOWN, $MAILBOX, $in_table->('virtual mailbox')],
        ['x@off.example', $OK, $OTHER], ['someone@remote.example', $OK, $OTHER],
        ['anyone@all.example', $OK, $MAILBOX],
        ['v@aliases.example', $OK, $ALIAS], ['w@aliases.example', $UNKNOWN, $ALIAS, $in_table->('virtual alias')],
        ['x@relay.example', $OK, $RELAY], ['x@sub.relay.example', $OK, $RELAY],
        ['postmaster', $OK, $LOCAL], ['PostMaster', $OK, $LOCAL], ['postmaster@localhost', $OK, $LOCAL],
        ['root@mail.pris.cn', $UNKNOWN, $LOCAL, $in_table->('local recipient')],
        ['x@[127.0.0.1]', $UNKNOWN, $LOCAL, $in_table->('local recipient')],
        ['postmaster@[127.0.0.1]', $OK, $LOCAL], ['x@[192.0.2.77]', $OK, $OTHER],
        ['postmaster%remote.example@pris.cn', $UNKNOWN, $OTHER, $in_table->('virtual mailbox')],
        ['remote.example!u@pris.cn', $UNKNOWN, $OTHER, $in_table->('virtual mailbox')],
        ["a'b\@pris.cn", $UNKNOWN, $MAILBOX, $in_table->('virtual mailbox')],
        ["\xe9\@pris.cn", $UNKNOWN, $MAILBOX, $in_table->('virtual mailbox')],
        ['a' x 900 . '@pris.cn', $UNKNOWN, $MAILBOX, $in_table->('virtual mailbox')],
        ['postmaster@pris.cn', $OK, $MAILBOX],
    ) {
        my ($address, $verdict, $class, $reason) = @$_;
        is_deeply [$smtpd->ask(0x200, str($address))], [$verdict, $class, $reason // ''], 'RCPT ' . substr $address, 0, 40;
    }
}

# Owners of senders: keys in Postfix's order, all tables for each key, the first answer only.
my $asker = MrFrame->connect("$private/authd.smtpd");
for (
    ['alice@pris.cn', 'alice@pris.cn', $OK, 1], ['Alice@PRIS.cn', 'ALICE@pris.cn', $OK, 1],
    ['alice@pris.cn', 'postmaster@pris.cn', $OK, 0], ['alice@pris.cn', '', $OK, 0], ['alice@pris.cn', 'alice', $OK, 0],
    ['support@pris.cn', 'postmaster@pris.cn', $OK, 1], ['support@pris.cn', 'support@pris.cn', $OK, 0],
    ['team@pris.cn', 'alice@pris.cn', $OK, 1], ['team@pris.cn', 'postmaster@pris.cn', $OK, 1],
    ['team@pris.cn', 'far.example', $OK, 0], ['team@pris.cn', 'alice@pris.cn, Postmaster@pris.cn', $OK, 0],
    ['many@pris.cn', 'm1200@far.example', $OK, 1],
    ['postmaster+x@pris.cn', 'postmaster@pris.cn', $OK, 1], ['alice+own@pris.cn', 'alice@pris.cn', $OK, 0],
    ['alice+own@pris.cn', 'postmaster@pris.cn', $OK, 1],
    ['bareuser@mail.pris.cn', 'alice@pris.cn', $OK, 1], ['bareuser+x@localhost', 'alice@pris.cn', $OK, 1],
    ['bareuser', 'alice@pris.cn', $OK, 1], ['bareuser@[127.0.0.1]', 'alice@pris.cn', $OK, 1],
    ['bareuser@pris.cn', 'alice@pris.cn', $UNKNOWN, 0], ['x@all.example', '@pris.cn', $OK, 1],
    ['inactive@pris.cn', 'inactive@pris.cn', $UNKNOWN, 0], ['nobody@pris.cn', 'alice@pris.cn', $UNKNOWN, 0],
    ['a@far.example', 'alice@pris.cn', $UNKNOWN, 0], ["a'b\@pris.cn", "a'b\@pris.cn", $UNKNOWN, 0],
    ["\xe9\@pris.cn", "\xe9\@pris.cn", $UNKNOWN, 0], ['a' x 900 . '@pris.cn', '', $UNKNOWN, 0], ['', '', $UNKNOWN, 0],
) {
    my ($sender, $login, $status, $owned) = @$_;
    is_deeply [$asker->ask(0x210, str($sender), str($login))], [$status, $owned], "OWNER '$login' of " . substr $sender, 0, 40;
}

# ---- what queue asks ------------------------------------------------------------------------------

sub expand {
    my ($c, @addresses) = @_;
    my @f = $c->ask(0x202, u32(scalar @addresses), map { str($_) } @addresses);
    my $n = shift @f;
    my @results;
    for (1 .. $n) {
        my ($status, $dsn, $reason, $m) = splice @f, 0, 4;
        my @targets = map { join ' ', splice @f, 0, 3 } 1 .. $m;
        push @results, $status == $OK ? join '|', @targets : "$status $dsn $reason";
    }
    return @f ? 'something is left over' : join ' / ', @results;
}

my $queue = MrFrame->connect("$private/authd.queue");
my $unknown = 'error 5.1.1 User unknown in';
for (
    [['Postmaster@pris.cn'], 'Postmaster@pris.cn local pris.cn'],
    [['support@pris.cn'], 'postmaster@pris.cn local pris.cn'],
    [['team@pris.cn'], 'a@far.example smtp far.example|alice@pris.cn local pris.cn|Postmaster@pris.cn local pris.cn|copy@far.example smtp far.example'],
    [['alice@pris.cn'], 'alice@pris.cn local pris.cn|copy@far.example smtp far.example'],
    [['postmaster@pris.cn', 'support@pris.cn', 'POSTMASTER@pris.cn'], 'postmaster@pris.cn local pris.cn /  / '],
    [['loop@pris.cn'], "loop\@pris.cn $unknown virtual mailbox table"],
    [['a@pris.cn'], '3 4.6.0 Alias expansion error'],
    [['many@pris.cn', 'postmaster@pris.cn'], '3 4.6.0 Alias expansion error / postmaster@pris.cn local pris.cn'],
    [['nobody@pris.cn'], "nobody\@pris.cn $unknown virtual mailbox table"],
    [['postmaster@all.example'], 'postmaster@pris.cn local pris.cn'],
    [['zed@all.example'], "zed\@pris.cn $unknown virtual mailbox table"],
    [['bare@pris.cn'], "root\@mail.pris.cn $unknown local recipient table"],
    [['w@aliases.example'], "w\@aliases.example $unknown virtual alias table"],
    [['x@relay.example'], 'x@relay.example smtp relay.example'],
    [['postmaster+x@pris.cn'], 'postmaster+x@pris.cn local pris.cn'],
    [['support+x@pris.cn'], 'postmaster+x@pris.cn local pris.cn'],
    [['postmaster@localhost'], "postmaster\@mail.pris.cn $unknown local recipient table"],
) {
    my ($addresses, $want) = @$_;
    my $have = expand($queue, @$addresses);
    $_ = join ' / ', map { join '|', sort split /\|/, $_, -1 } split m{ / }, $_, -1 for $have, $want;
    is $have, $want, "EXPAND @$addresses";
}
like expand($queue, 'bad@pris.cn'), qr/error 5\.1\.3 /, 'EXPAND of what is no address';

# ---- what localdeliver asks --------------------------------------------------------------------------
my $local = MrFrame->connect("$private/authd.localdeliver");
my ($uid, $gid) = $root ? (1000, 1000) : ($>, $) + 0);
is_deeply [$local->ask(0x204, u32(4), map { str($_) } 'Postmaster@pris.cn', 'nobody@pris.cn', 'postmaster+x@pris.cn', 'rootish@pris.cn')],
    [4, $OK, $uid, $gid, '/home/domains/pris.cn/postmaster', '/home/domains/pris.cn/postmaster/Maildir/', '104857600S',
     2, 0, 0, '', '', '', $OK, $uid, $gid, '/home/domains/pris.cn/postmaster', '/home/domains/pris.cn/postmaster/Maildir/', '104857600S',
     $TEMP, 0, 0, '', '', ''], 'MAILBOX';
is +($local->ask(0x204, u32(1), str('daemonish@pris.cn')))[1], $root ? $TEMP : $OK, 'a uid below virtual_minimum_uid';

# ---- logins --------------------------------------------------------------------------------------
my ($CONTINUE, $AUTH_OK, $REFUSED, $AUTH_TEMP) = 1 .. 4;
my $smtpd = MrFrame->connect("$private/authd.smtpd");
my $pop3d = MrFrame->connect("$private/authd.pop3d");
my $session = MrFrame->connect("$private/authd.pop3session");

is_deeply [$smtpd->ask(0x206, str('smtp'))], ['PLAIN LOGIN'], 'MECHS';
sub plain { my ($c, $service, $data) = @_; return [$c->ask(0x208, str($service), str('PLAIN'), str('127.0.0.1'), u32(1), blob($data))] }
sub refused { return [$REFUSED, '', 'authentication failure', $_[0], ''] }
is_deeply plain($smtpd, 'smtp', "\0postmaster\@pris.cn\0extmail"), [$AUTH_OK, '', '', 'postmaster@pris.cn', ''], 'PLAIN';
is_deeply plain($smtpd, 'smtp', "postmaster\@pris.cn\0postmaster\@pris.cn\0extmail"), [$AUTH_OK, '', '', 'postmaster@pris.cn', ''], 'PLAIN, the same authzid';
is_deeply plain($smtpd, 'smtp', "\0POSTMASTER\@pris.cn\0extmail"), [$AUTH_OK, '', '', 'postmaster@pris.cn', ''], 'PLAIN in upper case';
is_deeply plain($smtpd, 'smtp', "alice\@pris.cn\0postmaster\@pris.cn\0extmail"), refused('postmaster@pris.cn'), 'PLAIN, another authzid';
is_deeply plain($smtpd, 'smtp', "\0postmaster\@pris.cn\0nope"), refused('postmaster@pris.cn'), 'PLAIN, wrong password';
is_deeply plain($smtpd, 'smtp', "\0nobody\@pris.cn\0extmail"), refused('nobody@pris.cn'), 'PLAIN, unknown user';
is_deeply plain($smtpd, 'smtp', "\0nosmtp\@pris.cn\0extmail"), refused('nosmtp@pris.cn'), 'PLAIN, disablesmtpd';
is_deeply plain($smtpd, 'smtp', "\0inactive\@pris.cn\0extmail"), refused('inactive@pris.cn'), 'PLAIN, inactive';
is_deeply plain($smtpd, 'smtp', "\0x' or '1'='1\@pris.cn\0extmail"), refused("x' or '1'='1\@pris.cn"), 'PLAIN, SQL';
is_deeply plain($smtpd, 'smtp', "\0x\ny\@pris.cn\0extmail"), refused(''), 'PLAIN, a login that cannot be one is not repeated';
is_deeply plain($smtpd, 'smtp', "\0rootish\@pris.cn\0extmail"), [$AUTH_TEMP, '', 'generic failure', 'rootish@pris.cn', ''], 'PLAIN, a row that is not usable';
is_deeply plain($smtpd, 'smtp', "\0\0"), [$AUTH_TEMP, '', 'generic failure', '', ''], 'PLAIN, empty';
is_deeply plain($smtpd, 'smtp', 'onlyone'), [$REFUSED, '', 'bad protocol / cancel', '', ''], 'PLAIN, not even that';
is_deeply [$smtpd->ask(0x208, str('smtp'), str('CRAM-MD5'), str(''), u32(0), blob(''))], [$REFUSED, '', 'no mechanism available', '', ''], 'CRAM-MD5';
is_deeply [$smtpd->ask(0x208, str('smtp'), str('PLAIN'), str(''), u32(0), blob(''))], [$CONTINUE, '', '', '', ''], 'PLAIN without an initial response';
is_deeply [$smtpd->ask_id($smtpd->{id}, 0x20a, blob("\0postmaster\@pris.cn\0extmail"))], [$AUTH_OK, '', '', 'postmaster@pris.cn', ''], 'and then with one';

# Four LOGIN exchanges at once, their steps mixed; one is given up.
my @ids = map { 1000 + $_ } 1 .. 4;
is_deeply [$smtpd->ask_id($_, 0x208, str('smtp'), str('LOGIN'), str(''), u32(0), blob(''))], [$CONTINUE, 'Username:', '', '', ''], "LOGIN $_" for @ids;
is_deeply [$smtpd->ask_id($_, 0x20a, blob('postmaster@pris.cn'))], [$CONTINUE, 'Password:', '', '', ''], "LOGIN $_, user" for reverse @ids;
$smtpd->send_raw(frame(0x20b, $ids[0]));
is_deeply [$smtpd->ask_id($_, 0x20a, blob($_ % 2 ? 'wrong' : 'extmail'))],
    $_ % 2 ? refused('postmaster@pris.cn') : [$AUTH_OK, '', '', 'postmaster@pris.cn', ''], "LOGIN $_, password" for @ids[1 .. 3];

my @login = $pop3d->ask(0x20c, str('pop3'), str('alice@pris.cn'), blob('extmail'), str('127.0.0.1'));
my $ticket = pop @login;
is_deeply \@login, [$AUTH_OK, '', '', 'alice@pris.cn'], 'LOGIN of pop3d';
like $ticket, qr/\A[0-9a-f]{64}\z/, 'gives a ticket';
is_deeply [$session->ask(0x20e, str('0' x 64))], [2, 0, 0, '', '', ''], 'a ticket of ones own making';
is_deeply [$session->ask(0x20e, str($ticket))], [$OK, $uid, $gid, 'alice@pris.cn', '/home/domains/pris.cn/alice', '/home/domains/pris.cn/alice/Maildir/'], 'the ticket is good';
is_deeply [$session->ask(0x20e, str($ticket))], [2, 0, 0, '', '', ''], 'once';
is +($pop3d->ask(0x20c, str('pop3'), str('alice@pris.cn'), blob($_), str('')))[0], $REFUSED, 'wrong password' for 'x', "extmail\0", 'x' x 4000;
is +($pop3d->ask(0x20c, str('pop3'), str('nopop@pris.cn'), blob('extmail'), str('')))[0], $REFUSED, 'disablepop3';
is +(@{ plain($pop3d, 'pop3', "\0alice\@pris.cn\0extmail") })[0], $AUTH_OK, 'pop3d may use SASL, too';

# ---- frames that are not this peer's close its connection only ------------------------------------------
for (
    ['authd.smtpd', 0x202, u32(1), str('x')], ['authd.smtpd', 0x20c, str('pop3'), str('a'), blob('b'), str('')],
    ['authd.smtpd', 0x206, str('pop3')], ['authd.queue', 0x200, str('x')], ['authd.localdeliver', 0x20e, str('x')],
    ['authd.pop3d', 0x20e, str('x')], ['authd.pop3session', 0x20c, str('x')], ['authd.queue', 0x202, u32(5000)],
    ['authd.queue', 0x202, u32(2), str('x')], ['authd.verifier', 0x282, u32(1)], ['authd.smtpd', 0x999],
    ['authd.smtpd', 0x208, str('smtp')],
) {
    my ($name, $type, @fields) = @$_;
    is_deeply [MrFrame->connect("$private/$name")->ask($type, @fields)], ['closed'], sprintf 'frame 0x%x on %s', $type, $name;
}
is +($smtpd->ask(0x200, str('postmaster@pris.cn')))[0], $OK, 'the others go on';

# ---- a table that is down --------------------------------------------------------------------------------
rename "$dir/db/accounts.db", "$dir/db/away" or die;
sleep 2.1;    # authd looks for another file once a second
is +($smtpd->ask(0x200, str('postmaster@pris.cn')))[0], $TEMP, 'no database: RCPT is temporary';
like expand($queue, 'support@pris.cn'), qr/^3 4\.3\.0 /, 'so is EXPAND';
is +($local->ask(0x204, u32(1), str('postmaster@pris.cn')))[1], $TEMP, 'and MAILBOX';
is_deeply [$smtpd->ask(0x210, str('alice@pris.cn'), str('alice@pris.cn'))], [$TEMP, 0], 'and OWNER';
is talk(["PRE . login postmaster\@pris.cn\n"]), '', 'and PRE: closed without reply';
is talk([auth('login', 'login', 'postmaster@pris.cn', 'extmail')]), '', 'and AUTH';
is_deeply plain($smtpd, 'smtp', "\0postmaster\@pris.cn\0extmail"), [$AUTH_TEMP, '', 'generic failure', 'postmaster@pris.cn', ''], 'and SASL';
is +($pop3d->ask(0x20c, str('pop3'), str('alice@pris.cn'), blob('extmail'), str('')))[0], $AUTH_TEMP, 'and LOGIN';
unlike talk(["ENUMERATE\n"]), qr/^\.$/m, 'ENUMERATE has no end mark';
rename "$dir/db/away", "$dir/db/accounts.db" or die;
sleep 2.1;
is +($smtpd->ask(0x200, str('postmaster@pris.cn')))[0], $OK, 'and all is well when it is back';
sql("UPDATE mailbox SET active = 0 WHERE uid = 'later';");
is +($smtpd->ask(0x200, str('later@pris.cn')))[0], $UNKNOWN, 'a change is seen at once';

# ---- tools -------------------------------------------------------------------------------------------------
($rc, $out) = run_command(["$build/authd/authtest", '-c', "$dir/etc", '-s', 'login', 'postmaster@pris.cn', 'extmail']);
is $rc, 0, 'authtest';
is $out, <<"TEXT", 'its output';
Authentication succeeded.

     Authenticated: postmaster\@pris.cn  (uid 1000, gid 1000)
    Home Directory: /home/domains/pris.cn/postmaster
           Maildir: /home/domains/pris.cn/postmaster/Maildir/
             Quota: 104857600S
Encrypted Password: $HASH
Cleartext Password: extmail
           Options: (none)
TEXT
for (['postmaster@pris.cn', 'wrong'], ['nobody@pris.cn', 'extmail'], ['nobody@pris.cn'], ['postmaster', 'extmail'], ['', 'extmail']) {
    ($rc, $out) = run_command(["$build/authd/authtest", '-c', "$dir/etc", @$_]);
    is "$rc $out", "1 Authentication FAILED: Operation not permitted\n", "authtest @$_";
}
($rc, $out) = run_command(["$build/authd/authtest"]);
is "$rc $out", "1 Usage: authtest [-s service] userid [ password [ newpassword ] ]\n", 'authtest without arguments';
($rc, $out) = run_command(["$build/authd/authenumerate", '-c', "$dir/etc"]);
is $rc, 0, 'authenumerate';
like $out, qr{^alice\@pris\.cn\t1000\t1000\tpris\.cn/alice\tpris\.cn/alice/Maildir/$}m, 'its output';
($rc, $out) = run_command(["$build/authd/authpasswd"], input => "secret\n");
like "$rc $out", qr/\A0 \$1\$\S{8}\$\S{22}\n\z/, 'authpasswd';

# ---- reload and stop ------------------------------------------------------------------------------------------
my @children = split ' ', slurp('/proc/' . daemon_pid() . '/task/' . daemon_pid() . '/children') || '';
kill 'HUP', daemon_pid();
ok wait_for(sub { !grep { kill 0, $_ } @children }, 10), 'a reload replaces all workers';
is talk(["PRE . login postmaster\@pris.cn\n"]), $pre, 'which answer';
like talk([auth('login', 'login', 'postmaster@pris.cn', 'extmail')]), qr/^UID/, 'and check passwords';
my $pid = daemon_pid();
stop();
ok !kill(0, $pid), 'it stops';
unlike slurp("$dir/log"), qr/extmail|nope/, 'no password is in the log';

done_testing;
