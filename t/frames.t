#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Each internal socket, given what its peer may not send: malformed, early and unlisted frames close
# that connection, and nothing else: all processes live on, and mail still flows.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::UNIX;
use MrFrame qw(u32 str);
use MrTest qw(wait_for);
use Test::More;

# Types of common/proto.h.
my %TYPE = (
    AUTHD_RCPT => 0x200, AUTHD_EXPAND => 0x202, AUTHD_MAILBOX => 0x204, AUTHD_MECHS => 0x206,
    AUTHD_SASL_START => 0x208, AUTHD_SASL_STEP => 0x20a, AUTHD_LOGIN => 0x20c, AUTHD_REDEEM => 0x20e,
    AUTHD_OWNER => 0x210,
    QUEUE_OPEN => 0x300, QUEUE_SPILL => 0x302, QUEUE_COMMIT => 0x304, QUEUE_ABORT => 0x306,
    LOCAL_DELIVER => 0x400, MDA_DELIVER => 0x410, POP3_SESSION => 0x500, POP3_ADMIT => 0x502,
);

# What each socket's peer may begin with: the others are unlisted there, or early.
my %MAY = (
    'authd.smtpd' => [qw(AUTHD_RCPT AUTHD_OWNER AUTHD_MECHS AUTHD_SASL_START)],
    'authd.queue' => [qw(AUTHD_EXPAND)],
    'authd.localdeliver' => [qw(AUTHD_MAILBOX)],
    'authd.pop3d' => [qw(AUTHD_SASL_START AUTHD_LOGIN)],
    'authd.pop3session' => [qw(AUTHD_REDEEM)],
    'queue.smtpd' => [qw(QUEUE_OPEN)],
    'localdeliver.queue' => [qw(LOCAL_DELIVER)],
    'pop3d.network' => [qw(POP3_ADMIT POP3_SESSION)],
);
# Frames about a request that may be over: they may come late, and are no offence then.
my %LATE = map { $_ => 1 } qw(AUTHD_SASL_STEP QUEUE_SPILL QUEUE_COMMIT QUEUE_ABORT);

# Unlike MrFrame's: a header that may lie.
sub frame {
    my ($type, $body, %opt) = @_;
    my $len = defined $opt{len} ? $opt{len} : 12 + length $body;
    return pack('L S C C L', $len, $type, $opt{nfds} || 0, $opt{zero} || 0, 7) . $body;
}

# name => bytes; $ok is a type this peer may send.
sub bad_frames {
    my ($socket, $ok) = @_;
    my $type = $TYPE{$ok};
    my %bad = (
        'text' => "EHLO client.example.net\r\n",
        'zeros' => "\0" x 64,
        'a length below the header' => frame($type, '', len => 3),
        'a length of 4 GiB' => frame($type, '', len => 0xffffffff),
        'a descriptor that did not come' => frame($type, '', nfds => 1),
        'too many descriptors' => frame($type, '', nfds => 200),
        'the reserved byte' => frame($type, '', zero => 1),
        'no fields' => frame($type, ''),
        'a field of an unknown kind' => frame($type, 'x123456789'),
        'a wrong field' => frame($type, 'b' . pack('L', 4) . 'abcd'),
        'a string longer than the frame' => frame($type, 's' . pack('L', 1_000_000) . 'abc'),
        'a string with a line end' => frame($type, str("a\nb") x 4),
        'a string without its NUL' => frame($type, 's' . pack('L', 3) . 'abcd'),
        'a count of 4 thousand million' => frame($type, u32(0xffffffff)),
        'an answer' => frame($type + 1, ''),
        'a control frame' => frame(0x100, ''),
        'an unknown type' => frame(0xfff, ''),
        'a field too many' => frame($type, str('x' x 300_000)),
    );
    my %may = map { $_ => 1 } @{ $MAY{$socket} };
    $bad{"$_, which is not this peer's"} = frame($TYPE{$_}, str('alice@example.com'))
        for grep { !$may{$_} && !($LATE{$_} && /^\U(?:AUTHD_SASL|QUEUE)/ && grep { /SASL|QUEUE/ } keys %may) } sort keys %TYPE;
    return %bad;
}

# True when the other side closed the connection after these bytes.
sub closed_after {
    my ($path, $bytes) = @_;
    my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) or return "connect: $!";
    local $SIG{PIPE} = 'IGNORE';
    syswrite $s, $bytes;
    my $select = IO::Select->new($s);
    for (1 .. 100) {
        $select->can_read(3) or return 'still open';
        my $n = sysread $s, my $answer, 65536;
        return '' if !$n;    # closed, or reset
    }
    return 'answers without end';
}

my $m = MrTest->start;
my %before = $m->processes;
my $dir = $m->dir . '/spool/private';

for my $socket (sort keys %MAY) {
    for my $ok (@{ $MAY{$socket} }) {
        my %bad = bad_frames($socket, $ok);
        for my $name (sort keys %bad) {
            is closed_after("$dir/$socket", $bad{$name}), '', "$socket ($ok): $name closes the connection";
        }
    }
}
my %after = $m->processes;
is join(' ', sort keys %after), join(' ', sort keys %before), 'every process is the one it was before';
like $m->send('a@example.net', 'alice@example.com', "Subject: still\r\n\r\nhere\r\n"), qr/^250 /, 'mail is taken';
is scalar(grep { /^Subject: still\r$/m } $m->wait_messages('alice@example.com', 1)), 1, 'delivered and read';
is scalar(grep { (stat "$dir/$_")[2] & 077 } keys %MAY), 0, 'only the owner of the sockets can connect to them';
done_testing;
