#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# POP3 as Courier speaks it, byte for byte; what a session leaves in the Maildir and in the log;
# what a session process may do; that no session begins without a ticket.
use strict;
use warnings;

use File::Glob 'bsd_glob';
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

use MrTest qw(wait_for slurp run_command);

my $m = MrTest->start(conf => { pop3d_failure_delay => '1s', pop3d_log_deletions => 'yes' });
my $user = 'alice@example.com';
my $password = $m->password($user);
my $maildir = $m->dir . '/domains/example.com/alice/Maildir';
my ($uid, $gid) = $> == 0 ? (getpwnam 'vuser')[2, 3] : ($>, (split ' ', $))[0]);

my %message = (
    '1000000001.M1P1.vm,S=86' =>
        "Return-Path: <a\@x>\nSubject: one\n\nline1\n.dot line\n..two dots\nline4\nlast without newline",
    '1000000002.M2P1.vm,S=115' => "Subject: two\n\n" . 'x' x 100 . "\n",
    '1000000003.M3P1.vm' => "Subject: crlf\r\n\r\nbody crlf\r\n",
);

sub put_file {
    my ($path, $content) = @_;
    open my $file, '>:raw', $path or die "$path: $!\n";
    print {$file} $content;
    close $file or die "$path: $!\n";
    chown $uid, $gid, $path;
}

# Nothing in the Maildir but the three messages, which are new.
sub fill_maildir {
    unlink bsd_glob("$maildir/{new,cur,tmp}/*"), "$maildir/courierpop3dsizelist", "$maildir/maildirsize";
    put_file("$maildir/new/$_", $message{$_}) for keys %message;
}

sub connect_pop3 {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $m->pop3_port, @_) || die "connect: $@\n";
}

# $n bytes, fewer at the end of the connection or when nothing comes for ten seconds.
sub receive {
    my ($socket, $n) = @_;
    my $bytes = '';
    while (length $bytes < $n && IO::Select->new($socket)->can_read(10)) {
        sysread $socket, $bytes, $n - length $bytes, length $bytes or last;
    }
    return $bytes;
}

# A dialogue as telnet shows it: "C: " lines are sent (those that stand together in one piece),
# "S: " lines must come back byte for byte; "E:" is the end of the connection. {V} stands for the
# second half of the unique ids (ten digits: the time), {user}, {password} for themselves.
my $uidv = '';

sub dialogue {
    my ($name, $text, $socket) = @_;
    $text =~ s/\{user\}/$user/g;
    $text =~ s/\{password\}/$password/g;
    $text =~ s/\{plain\}/encode_base64("\0$user\0$password", '')/ge;
    $text =~ s/\{login\}/encode_base64($user, '')/ge;
    $text =~ s/\{secret\}/encode_base64($password, '')/ge;
    $socket ||= connect_pop3();
    my $at = 0;
    for my $part ($text =~ /((?:^C:.*\n)+|(?:^S:.*\n)+|^E:\n)/mg) {
        my $who = substr $part, 0, 1;
        $part =~ s/^[CSE]: ?//mg;
        $part =~ s/\n/\r\n/g;
        $part = '' if $who eq 'E';
        if ($who eq 'C') {
            syswrite $socket, $part;
            next;
        }
        my $got = receive($socket, $who eq 'E' ? 1 : length($part) + 7 * (() = $part =~ /\{V\}/g));
        $uidv = $1 if $got =~ /UID\d+-(\d+)/;
        $part =~ s/\{V\}/$uidv/g;
        $at++;
        if ($got ne $part) {
            is $got, $part, "$name, answer $at";
            return $socket;
        }
    }
    pass $name;
    return $socket;
}

my $login = "S: +OK Hello there.\nC: USER {user}\nS: +OK Password required.\nC: PASS {password}\nS: +OK logged in.\n";
my $capa = "S: +OK Here's what I can do:\nS: TOP\nS: USER\nS: LOGIN-DELAY 10\nS: PIPELINING\nS: UIDL\nS: UTF8 USER\n"
    . "S: IMPLEMENTATION Courier Mail Server\nS: .\n";
my $one = "S: Return-Path: <a\@x>\nS: Subject: one\nS: \n";
my $all_of_one = $one . "S: line1\nS: ..dot line\nS: ...two dots\nS: line4\nS: last without newline\nS: .\n";

subtest 'an empty mailbox' => sub {
    $m->messages($user);
    dialogue('session', $login . <<'TEXT');
C: list
S: +OK POP3 clients that break here, they violate STD53.
S: .
C: STAT
S: +OK 0 0
C: UIDL
S: +OK
S: .
C: RETR 1
S: -ERR Invalid message number.
C: quit
S: +OK Bye-bye.
E:
TEXT
};

subtest 'before the login' => sub {
    fill_maildir();
    dialogue('CAPA, AUTH', "S: +OK Hello there.\nC: CAPA\n$capa" . <<'TEXT');
C: AUTH
S: -ERR Invalid command.
C: AUTH PLAIN
S: + 
C: {plain}
S: +OK logged in.
C: STAT
S: +OK 3 242
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    dialogue('AUTH PLAIN with an initial response', <<'TEXT');
S: +OK Hello there.
C: AUTH plain {plain}
S: +OK logged in.
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    dialogue('AUTH LOGIN', <<'TEXT');
S: +OK Hello there.
C: AUTH LOGIN
S: + VXNlcm5hbWU6
C: {login}
S: + UGFzc3dvcmQ6
C: {secret}
S: +OK logged in.
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    dialogue('AUTH given up, AUTH wrong', <<'TEXT');
S: +OK Hello there.
C: AUTH PLAIN
S: + 
C: *
S: -ERR Authentication aborted.
C: AUTH PLAIN
S: + 
C: !!!!
S: -ERR Authentication failed.
C: AUTH PLAIN AGEAYg==
S: -ERR Authentication failed.
C: AUTH NONE/SUCH
S: -ERR Authentication failed.
C: QUIT
S: +OK Better luck next time.
E:
TEXT
    dialogue('commands of the transaction', <<'TEXT');
S: +OK Hello there.
C: APOP {user} c4c9334bac560ecc979e58001b3e22fb
S: -ERR Invalid command.
C: STLS
S: -ERR Invalid command.
C: STAT
S: -ERR Invalid command.
C: LIST
S: -ERR Invalid command.
C: NOOP
S: -ERR Invalid command.
C: FOO
S: -ERR Invalid command.
C: PASS extmail
S: -ERR USER/PASS required.
C: USER
S: -ERR Invalid command.
C: 
S: -ERR Invalid command.
C: QUIT
S: +OK Better luck next time.
E:
TEXT
};

subtest 'a full session' => sub {
    fill_maildir();
    dialogue('session', "$login" . "C: CAPA\n$capa" . <<"TEXT");
C: STAT
S: +OK 3 242
C: LIST
S: +OK POP3 clients that break here, they violate STD53.
S: 1 93
S: 2 118
S: 3 31
S: .
C: LIST 2
S: +OK 2 118
C: LIST 9
S: -ERR Invalid message number.
C: LIST 0
S: -ERR Invalid message number.
C: LIST -1
S: -ERR Invalid message number.
C: LIST abc
S: -ERR Invalid message number.
C: UIDL
S: +OK
S: 1 UID1-{V}
S: 2 UID2-{V}
S: 3 UID3-{V}
S: .
C: UIDL 1
S: +OK 1 UID1-{V}
C: UIDL 9
S: -ERR Invalid message number.
C: TOP 1 0
S: +OK headers follow.
${one}S: .
C: TOP 1 2
S: +OK headers follow.
${one}S: line1
S: ..dot line
S: .
C: TOP 1 100
S: +OK headers follow.
${all_of_one}C: TOP 1
S: -ERR Invalid command.
C: TOP 9 1
S: -ERR Invalid message number.
C: TOP 1 -1
S: +OK headers follow.
${all_of_one}C: RETR 1
S: +OK 93 octets follow.
${all_of_one}C: RETR 2
S: +OK 118 octets follow.
S: Subject: two
S: 
S: ${\('x' x 100)}
S: .
C: RETR 3
S: +OK 31 octets follow.
S: Subject: crlf\r
S: \r
S: body crlf\r
S: .
C: RETR 9
S: -ERR Invalid message number.
C: RETR
S: -ERR Invalid message number.
C: DELE 1
S: +OK Deleted.
C: DELE 1
S: -ERR Invalid message number.
C: STAT
S: +OK 2 149
C: LIST
S: +OK POP3 clients that break here, they violate STD53.
S: 2 118
S: 3 31
S: .
C: LIST 1
S: -ERR Invalid message number.
C: UIDL
S: +OK
S: 2 UID2-{V}
S: 3 UID3-{V}
S: .
C: RETR 1
S: -ERR Invalid message number.
C: TOP 1 1
S: -ERR Invalid message number.
C: RSET
S: +OK Resurrected.
C: STAT
S: +OK 3 242
C: DELE 2
S: +OK Deleted.
C: NOOP
S: +OK Yup.
C: LAST
S: -ERR Invalid command.
C: XTND
S: -ERR Invalid command.
C: USER x
S: -ERR Invalid command.
C: noop extra
S: +OK Yup.
C: STAT extra
S: +OK 2 124
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    my $port = qr/port=\[\d+\]/;
    ok $m->wait_log(
        qr/pop3d: LOGOUT, user=\Q$user\E, ip=\[::ffff:127\.0\.0\.1\], $port, top=254, retr=229, rcvd=311, sent=1591, time=\d+$/),
        'its log line counts as Courier does';
    ok $m->wait_log(qr/pop3d: DELETED, user=\Q$user\E, ip=\[::ffff:127\.0\.0\.1\], filename=cur\/1000000002\.M2P1\.vm,S=115:2,S$/),
        'the deletion is logged';
    is slurp("$maildir/courierpop3dsizelist"),
        "/3 4 $uidv\n1000000001.M1P1.vm,S=86:2, 93 1:$uidv:0\n1000000002.M2P1.vm,S=115:2, 118 2:$uidv:0\n"
        . "1000000003.M3P1.vm:2, 31 3:$uidv:0\n", 'courierpop3dsizelist';
    is_deeply [map { s{.*/}{}r } bsd_glob("$maildir/{cur,new}/*")], ['1000000001.M1P1.vm,S=86:2,S', '1000000003.M3P1.vm:2,S'],
        'what is left in cur and new';
};

subtest 'numbers' => sub {
    fill_maildir();
    dialogue('too large', $login . <<'TEXT');
C: RETR 2147483648
S: -ERR Invalid message number.
C: RETR 4294967297
S: -ERR Invalid message number.
C: RETR 18446744073709551617
S: -ERR Invalid message number.
C: TOP 2 2147483648
S: -ERR Invalid command.
C: TOP 2 x
S: -ERR Invalid command.
C: TOP 2 2147483647
S: +OK headers follow.
S: Subject: two
S: 
S: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
S: .
C: QUIT
S: +OK Bye-bye.
E:
TEXT
};

subtest 'commands in one piece' => sub {
    fill_maildir();
    dialogue('with the login', <<'TEXT');
S: +OK Hello there.
C: USER {user}
C: PASS {password}
C: STAT
C: LIST 1
C: NOOP
C: QUIT
S: +OK Password required.
S: +OK logged in.
S: +OK 3 242
S: +OK 1 93
S: +OK Yup.
S: +OK Bye-bye.
E:
TEXT
    dialogue('behind AUTH', <<'TEXT');
S: +OK Hello there.
C: AUTH PLAIN {plain}
C: STAT
C: QUIT
S: +OK logged in.
S: +OK 3 242
S: +OK Bye-bye.
E:
TEXT
    dialogue('after the login', $login . <<"TEXT");
C: STAT
C: RETR 1
C: DELE 1
C: NOOP
C: RSET
C: QUIT
S: +OK 3 242
S: +OK 93 octets follow.
${all_of_one}S: +OK Deleted.
S: +OK Yup.
S: +OK Resurrected.
S: +OK Bye-bye.
E:
TEXT
    my $socket = connect_pop3();
    receive($socket, 18);
    for my $byte (split //, "USER $user\nPASS $password\nSTAT\nQUIT\n") {
        syswrite $socket, $byte;
        sleep 0.001;
    }
    is receive($socket, 9999), "+OK Password required.\r\n+OK logged in.\r\n+OK 3 242\r\n+OK Bye-bye.\r\n",
        'one byte at a time, bare LF';
};

subtest 'wrong passwords' => sub {
    my $began = time;
    dialogue('then the right one', <<'TEXT');
S: +OK Hello there.
C: USER {user}
S: +OK Password required.
C: PASS wrong
S: -ERR Login failed.
C: USER {user}
S: +OK Password required.
C: PASS {password}
S: +OK logged in.
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    cmp_ok time - $began, '>=', 1, 'the answer is held back';
    ok $m->wait_log(qr/pop3d: LOGIN FAILED, user=\Q$user\E, ip=\[::ffff:127\.0\.0\.1\], port=\[\d+\]$/), 'and logged';
    dialogue('unknown user, blanks, nothing', <<'TEXT');
S: +OK Hello there.
C: USER nobody@example.com
S: +OK Password required.
C: PASS extmail
S: -ERR Login failed.
C: USER {user}
S: +OK Password required.
C: PASS  {password}
S: -ERR Login failed.
C: PASS
S: -ERR USER/PASS required.
C: QUIT
S: +OK Better luck next time.
E:
TEXT
    dialogue("a control character in the name", "S: +OK Hello there.\nC: USER a\tb\x01\nS: +OK Password required.\nC: PASS x\n"
        . "S: -ERR Login failed.\nC: QUIT\nS: +OK Better luck next time.\nE:\n");
};

subtest 'long lines' => sub {
    my ($a3000, $a9000) = map { 'a' x $_ } 3000, 9000;
    dialogue('before the login', <<"TEXT");
S: +OK Hello there.
C: USER $a3000
S: +OK Password required.
C: USER $a9000
S: -ERR Invalid command.
C: QUIT
S: +OK Better luck next time.
E:
TEXT
    dialogue('after the login', $login . "C: NOOP $a9000\nS: +OK Yup.\nC: QUIT\nS: +OK Bye-bye.\nE:\n");
    ok $m->wait_log(qr/LOGOUT, user=.*, rcvd=8197, /), 'Courier counts 8191 bytes of it';
};

subtest 'a mailbox that is not there' => sub {
    my $home = $maildir =~ s{/Maildir$}{}r;
    rename $home, "$home.moved" or die "rename: $!\n";
    dialogue('home', "S: +OK Hello there.\nC: USER {user}\nS: +OK Password required.\nC: PASS {password}\n"
        . "S: -ERR Temporary problem, please try again later\nE:\n");
    rename "$home.moved", $home or die "rename: $!\n";
    ok $m->wait_log(qr/pop3d: \Q$user\E: chdir\(\Q$home\E\/?\) failed!!$/), 'is logged,';
    ok $m->wait_log(qr/pop3d: error: No such file or directory$/), 'with the reason';
    ok $m->wait_log(qr/pop3d: authentication error: No such file or directory$/), 'twice, as Courier does';
    rename $maildir, "$maildir.moved" or die "rename: $!\n";
    dialogue('Maildir', "S: +OK Hello there.\nC: USER {user}\nS: +OK Password required.\nC: PASS {password}\n"
        . "S: -ERR Temporary problem, please try again later\nE:\n");
    rename "$maildir.moved", $maildir or die "rename: $!\n";
};

subtest 'what survives' => sub {
    fill_maildir();
    my $socket = dialogue('DELE', $login . "C: DELE 1\nS: +OK Deleted.\n");
    close $socket;
    ok $m->wait_log(qr/pop3d: DISCONNECTED, user=\Q$user\E, ip=\[::ffff:127\.0\.0\.1\], port=\[\d+\], top=0, retr=0, rcvd=8, sent=30, time=\d+$/),
        'a lost connection is logged';
    my $a = dialogue('a lost connection deletes nothing', $login . "C: STAT\nS: +OK 3 242\n");
    dialogue('another session deletes', $login . "C: DELE 1\nS: +OK Deleted.\nC: QUIT\nS: +OK Bye-bye.\nE:\n");
    dialogue('and the first sees it', <<'TEXT', $a);
C: RETR 1
S: -ERR Can't open the message file - it's gone!
C: STAT
S: +OK 3 242
C: DELE 1
S: +OK Deleted.
C: QUIT
S: +OK Bye-bye.
E:
TEXT
};

subtest 'unique ids' => sub {
    fill_maildir();
    put_file("$maildir/courierpop3dsizelist", "/2 8 500\n1000000002.M2P1.vm,S=115 118 7:500\n");
    dialogue('an older list', $login . <<'TEXT');
C: UIDL
S: +OK
S: 1 UID8-500
S: 2 UID7-500
S: 3 UID9-500
S: .
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    is slurp("$maildir/courierpop3dsizelist"), "/3 10 500\n1000000001.M1P1.vm,S=86:2, 93 8:500:0\n"
        . "1000000002.M2P1.vm,S=115:2, 118 7:500:0\n1000000003.M3P1.vm:2, 31 9:500:0\n", 'is written as a new one';
    rename "$maildir/cur/1000000001.M1P1.vm,S=86:2,", "$maildir/cur/1000000001.M1P1.vm,S=86:2,RS";
    unlink "$maildir/cur/1000000002.M2P1.vm,S=115:2,";
    put_file("$maildir/new/1000000000.M9P1.vm", "Subject: x\n\n");
    dialogue('others came and went', $login . <<'TEXT');
C: UIDL
S: +OK
S: 1 UID10-500
S: 2 UID8-500
S: 3 UID9-500
S: .
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    put_file("$maildir/courierpop3dsizelist", "garbage\n");
    dialogue('a broken list', $login . "C: UIDL 1\nS: +OK 1 UID1-{V}\nC: QUIT\nS: +OK Bye-bye.\nE:\n");
    cmp_ok abs($uidv - time), '<', 60, 'begins a new series';
};

subtest 'quota, tmp' => sub {
    fill_maildir();
    put_file("$maildir/maildirsize", "104857600S\n         229            3\n");
    put_file("$maildir/tmp/old", 'x');
    put_file("$maildir/tmp/young", 'x');
    utime time - 37 * 3600, time - 37 * 3600, "$maildir/tmp/old";
    dialogue('two are deleted', $login . "C: DELE 1\nS: +OK Deleted.\nC: DELE 3\nS: +OK Deleted.\nC: QUIT\nS: +OK Bye-bye.\nE:\n");
    is slurp("$maildir/maildirsize"), "104857600S\n         229            3\n        -114           -2\n", 'maildirsize';
    is_deeply [map { s{.*/}{}r } bsd_glob("$maildir/tmp/*")], ['young'], 'tmp is tidied up';
};

subtest 'odd things in the Maildir' => sub {
    fill_maildir();
    mkdir "$maildir/cur/1000000004.directory";
    symlink '/etc/passwd', "$maildir/new/1000000005.link";
    require POSIX;
    POSIX::mkfifo("$maildir/new/1000000006.fifo", 0600);
    put_file("$maildir/new/1000000007.empty", '');
    dialogue('are no messages', $login . <<'TEXT');
C: STAT
S: +OK 4 242
C: RETR 4
S: +OK 0 octets follow.
S: .
C: QUIT
S: +OK Bye-bye.
E:
TEXT
    unlink bsd_glob("$maildir/cur/*");
    rmdir "$maildir/cur/1000000004.directory";
};

subtest 'the limit of one address' => sub {
    fill_maildir();
    wait_for(sub { !session_processes() });
    my @open = map { my $s = connect_pop3(); is receive($s, 18), "+OK Hello there.\r\n", "connection $_"; $s } 1 .. 2;
    push @open, dialogue("session $_", $login) for 3 .. 4;
    for (5 .. 6) {
        my $socket = connect_pop3();
        is receive($socket, 1), '', "connection $_ is closed";
    }
    is scalar(() = $m->log_text =~ /pop3d: Maximum connection limit reached for ::ffff:127\.0\.0\.1$/mg), 2, 'and logged';
    my $other = connect_pop3(LocalAddr => '127.0.0.2');
    is receive($other, 18), "+OK Hello there.\r\n", 'another address is let in';
    close shift @open;
    close pop @open;
    ok wait_for(sub { my $s = connect_pop3(); receive($s, 18) ne '' }), 'one that ends makes room';
};

# ---- processes -------------------------------------------------------------------------------

# The session processes: children of the session parent, which is the one that has children.
sub session_processes {
    my $root = $m->pid('pop3d');
    my %parent;
    for my $stat (glob '/proc/[0-9]*/stat') {
        $parent{$1} = $2 if (slurp($stat) || '') =~ /\A(\d+) \(.*\) (?!Z)\S (\d+)/s;
    }
    return grep { my $p = $parent{$_}; $p && $parent{$p} && $parent{$p} == $root } keys %parent;
}

subtest 'the process of a session' => sub {
    wait_for(sub { !session_processes() });
    my $socket = dialogue('logged in', $login);
    my ($pid, @more) = session_processes();
    ok $pid && !@more, 'is one' or return;
    my @descriptors = grep { defined && !m{^/dev/null$} } map { readlink "/proc/$pid/fd/$_" } 3 .. 100;
    is scalar(grep { /^socket:/ } @descriptors), 1, 'has one socket';
    is_deeply [sort grep { !/^socket:/ } @descriptors], [sort $m->dir . '/log/mail.log', "$maildir/cur"],
        'the log and cur, and nothing else';
    my $status = slurp("/proc/$pid/status");
    like $status, qr/^NoNewPrivs:\s*1$/m, 'gains nothing by exec' if $status =~ /^NoNewPrivs/m;
  SKIP: {
        skip 'not root', 4 unless $> == 0;
        like $status, qr/^Uid:(?:\t$uid){4}$/m, "runs as the mailbox's user";
        like $status, qr/^Gid:(?:\t$gid){4}$/m, 'and group';
        like $status, qr/^CapEff:\s*0+$/m, 'without capabilities';
        is readlink("/proc/$pid/root"), $maildir, 'in the Maildir';
    }
    my ($parent) = slurp("/proc/$pid/stat") =~ /\) \S (\d+)/;
    $m->{expected} = qr/pop3d/;
    kill 'KILL', $parent;
    ok wait_for(sub { !-e "/proc/$pid" }), 'ends with its parent';
    ok wait_for(sub { my $s = connect_pop3(); receive($s, 18) eq "+OK Hello there.\r\n" }), 'and a new parent takes clients';
};

# ---- tickets -----------------------------------------------------------------------------------

# What a network process could do that has been taken over. In Python, which can pass descriptors.
my $taken_over = <<'PYTHON';
import socket, struct, sys

directory, user, password = sys.argv[1:]

def u32(v): return b'u' + struct.pack('=I', v)
def string(s): return b's' + struct.pack('=I', len(s)) + s.encode() + b'\0'
def blob(s): return b'b' + struct.pack('=I', len(s)) + s.encode()

def connect(name):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(directory + '/' + name)
    return s

def ask(s, kind, number, body, fds=()):
    frame = struct.pack('=IHBBI', 12 + len(body), kind, len(fds), 0, number) + body
    socket.send_fds(s, [frame], fds) if fds else s.sendall(frame)
    answer = s.recv(65536)
    return answer[8:] and answer[12:]

def session(s, number, ticket):
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    answer = ask(s, 0x500, number, u32(1) + string(ticket) + u32(1) + blob(''), [theirs.fileno()])
    theirs.close()
    ours.settimeout(10)
    return answer, ours.recv(100) if answer == u32(1) else b''

def ticket():
    answer = ask(connect('authd.pop3d'), 0x20c, 1, string('pop3') + string(user) + blob(password) + string('127.0.0.1'))
    return answer[-65:-1].decode()

print('malformed frame', ask(connect('pop3d.network'), 0x502, 1, u32(0)))
print('frame for another server', ask(connect('pop3d.network'), 0x20e, 1, string('0' * 64)))
print('no client', ask(connect('pop3d.network'), 0x500, 1, u32(1) + string('0' * 64) + u32(1) + blob('')))
s = connect('pop3d.network')
print('not admitted', session(s, 1, '0' * 64))
print('admitted', ask(s, 0x502, 1, string('::ffff:127.0.0.9')))
print('invented ticket', session(s, 2, '0' * 64))
good = ticket()
print('good ticket', session(s, 3, good))
print('admitted', ask(s, 0x502, 1, string('::ffff:127.0.0.9')))
print('used ticket', session(s, 4, good))
PYTHON

SKIP: {
    my $private = $m->dir . '/spool/private';
    my ($status) = run_command(['python3', '-c', 'import socket; socket.send_fds']);
    skip 'no Python that can pass descriptors', 1 if $status;
    my $output = (run_command(['python3', '-c', $taken_over, $private, $user, $password]))[1];
    is $output, <<'TEXT', 'a session needs a ticket that was not used before';
malformed frame b''
frame for another server b''
no client b''
not admitted (b'u\x03\x00\x00\x00', b'')
admitted b'u\x01\x00\x00\x00'
invented ticket (b'u\x02\x00\x00\x00', b'')
good ticket (b'u\x01\x00\x00\x00', b'+OK logged in.\r\n')
admitted b'u\x01\x00\x00\x00'
used ticket (b'u\x02\x00\x00\x00', b'')
TEXT
}

done_testing;
