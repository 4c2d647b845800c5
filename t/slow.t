#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Clients that take their time: one byte at a time, half a line and then nothing, replies never read, half a
# connection, the end in the midst of DATA. Each is closed when its time is over, holds nothing in the queue, and
# leaves no mail.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use MrTest qw(wait_for slurp);
use Test::More;
use Time::HiRes qw(sleep);

my $ALICE = 'alice@example.com';
my $m = MrTest->start(conf => {
    smtpd_timeout => '2s', pop3d_login_timeout => '2s', pop3d_idle_timeout => '2s', pop3d_max_per_ip => 50,
    pop3d_max_daemons => 50, smtpd_error_sleep_time => '0s',
});
my @envelope = ('MAIL FROM:<a@example.net>', "RCPT TO:<$ALICE>");
$m->messages($ALICE);

# Staging files of the queue: memory files, or unlinked files in spool/staging.
sub staging {
    my %processes = $m->processes;
    return grep { m{^/memfd:|/staging/} } map { readlink || () } map { glob "/proc/$_/fd/*" }
        grep { $processes{$_} eq 'queue' } keys %processes;
}
sub nothing_held {
    my ($what) = @_;
    ok wait_for(sub { !staging() }, 10), "$what: the queue holds nothing" or diag staging();
    my @got = $m->messages($ALICE);
    is scalar(@got), 0, "$what: no mail of it";
}

sub smtp_until {
    my (@lines) = @_;
    my $s = $m->smtp;
    $s->command($_) for @lines;
    return $s;
}

subtest 'SMTP: silence' => sub {
    my %at = (
        'before EHLO' => $m->smtp(ehlo => 0), 'after EHLO' => smtp_until(), 'in AUTH' => smtp_until('AUTH LOGIN'),
        'after RCPT' => smtp_until(@envelope), 'in DATA' => smtp_until(@envelope, 'DATA'),
    );
    my $half = smtp_until();
    $half->send_raw('MAIL FROM:<a@exam');
    $at{'in a line'} = $half;
    for my $where (sort keys %at) {
        like $at{$where}->reply, qr/^421 4\.4\.2 mail\.example\.com Error: timeout exceeded$/, "$where: told so";
        ok $at{$where}->closed, "$where: closed";
    }
    ok $m->wait_log(qr/timeout after DATA \(0 bytes\) from localhost\[127\.0\.0\.1\]/), 'the log says where';
    nothing_held('silence');
};

subtest 'SMTP: one byte at a time' => sub {
    my $s = $m->smtp;
    my $said = "MAIL FROM:<a\@example.net>\r\nRCPT TO:<$ALICE>\r\nDATA\r\n";
    for my $byte (split //, $said) { $s->send_raw($byte); sleep 0.005 }
    my @replies = map { $s->reply } 1 .. 3;
    like $replies[2], qr/^354 /, 'commands';
    for my $byte (split //, "Subject: slow\r\n\r\n..stuffed\r\n.\r\n") { $s->send_raw($byte); sleep 0.005 }
    like $s->reply, qr/^250 /, 'content';
    my ($got) = $m->wait_messages($ALICE, 1);
    like $got, qr/\r\n\r\n\.stuffed\r\n\z/, 'as it was meant';

    # A byte now and then makes no line: the time runs on.
    $s = $m->smtp;
    my $closed = wait_for(sub { !eval { $s->send_raw('N'); 1 } || IO::Select->new($s->{socket})->can_read(0.3) }, 10);
    ok $closed, 'bytes that never become a line do not keep the session';
    like $s->reply, qr/^421 4\.4\.2 /, 'told so';
};

subtest 'SMTP: replies are never read' => sub {
    my $s = $m->smtp;
    $s->{socket}->blocking(0);
    my $bytes = ("EHLO x.example\r\n") x 4000;
    my $sent = 0;
    ok wait_for(sub {
        local $SIG{PIPE} = 'IGNORE';
        my $n = syswrite $s->{socket}, $bytes;
        $sent += $n if $n;
        return !defined $n && !$!{EAGAIN};
    }, 20), 'the connection is ended, after ' . int($sent / 1024) . ' KB';
    my %processes = $m->processes;
    for my $pid (grep { $processes{$_} eq 'smtpd' } keys %processes) {
        my ($rss) = (slurp("/proc/$pid/status") || '') =~ /^VmRSS:\s+(\d+)/m;
        cmp_ok $rss, '<', 32 * 1024, 'smtpd kept little of it (KB)' unless $ENV{MR_SANITIZE};
    }
    ok $m->wait_log(qr/(?:timeout|lost connection) after EHLO/), 'the log says so';
};

subtest 'SMTP: half a connection' => sub {
    my $s = smtp_until(@envelope);
    shutdown $s->{socket}, 1;
    ok $s->closed, 'after RCPT: closed';
    $s = $m->smtp;
    $s->send_raw("NOOP\r\nMAIL FROM:<a\@example.net>\r\nRCPT TO:<$ALICE>\r\nDATA\r\n");
    shutdown $s->{socket}, 1;
    my @replies = map { $s->reply } 1 .. 4;
    like $replies[3], qr/^354 /, 'what was sent before is answered';
    ok $s->closed, 'then it is closed';
    nothing_held('half a connection');
    $s = $m->smtp;
    $s->ok($_) for @envelope, 'DATA';
    $s->send_raw("Subject: last\r\n\r\nx\r\n.\r\n");
    shutdown $s->{socket}, 1;
    like $s->reply, qr/^250 /, 'a message that was ended before is taken';
    is scalar(my @got = $m->wait_messages($ALICE, 1)), 1, 'once';
};

subtest 'SMTP: the end in the midst of DATA' => sub {
    for my $content ('', "Subject: x\r\n", "Subject: x\r\n\r\nbody\r\n.", "Subject: x\r\n\r\nbody\r\n.\r", 'x' x 500_000) {
        my $s = smtp_until(@envelope, 'DATA');
        $s->send_raw($content);
        close $s->{socket};
    }
    is scalar(() = wait_for(sub { my @l = $m->log_lines(qr/lost connection after DATA/); @l >= 5 && @l }, 10)), 1, 'the log says so';
    my $s = smtp_until(@envelope, 'DATA');
    $s->send_raw("Subject: x\r\n\r\nQUIT\r\n");
    like $s->reply, qr/^421 4\.4\.2 /, 'QUIT is content there';
    nothing_held('the end in DATA');
};

subtest 'POP3' => sub {
    $m->send('a@example.net', $ALICE, "Subject: big\r\n\r\n" . ("y" x 70 . "\r\n") x 40_000);
    wait_for(sub { glob $m->dir . '/domains/example.com/alice/Maildir/new/*' }, 10);
    my %at = ('before USER' => $m->pop3, 'after USER' => $m->pop3, 'in a line' => $m->pop3, 'in AUTH' => $m->pop3,
        'logged in' => $m->pop3_login($ALICE), 'in a line, logged in' => $m->pop3_login($ALICE));
    $at{'after USER'}->command("USER $ALICE");
    $at{'in a line'}->send_raw('USER al');
    $at{'in AUTH'}->command('AUTH PLAIN');
    $at{'in a line, logged in'}->send_raw('RET');
    for my $where (sort keys %at) {
        ok eval { $at{$where}->closed }, "silence $where: closed" or diag $@;
    }
    my $dropped = $m->pop3;
    ok wait_for(sub { !eval { $dropped->send_raw('U'); sleep 0.2; 1 } }, 10), 'bytes that never become a line do not keep a login';

    my $deaf = $m->pop3_login($ALICE);
    $deaf->send_raw("RETR 1\r\n" x 20);
    my %before = $m->processes;
    ok wait_for(sub {
        my %now = $m->processes;
        # the lasting ones are the parent, two network processes and the parent of the sessions
        return 4 >= grep { $now{$_} eq 'pop3d' } keys %now;
    }, 15), 'who does not read what it asked for is let go';

    my $half = $m->pop3_login($ALICE);
    $half->send_raw("DELE 1\r\nSTAT\r\n");
    shutdown $half->{socket}, 1;
    like join('|', map { $half->reply } 1 .. 2), qr/^\+OK[^|]*\|\+OK/, 'half a connection: answered';
    ok $half->closed, 'closed';
    my $again = $m->pop3_login($ALICE);
    like $again->ok('STAT'), qr/^\+OK 1 /, 'without QUIT nothing is deleted';
    $again->quit;
};
done_testing;
