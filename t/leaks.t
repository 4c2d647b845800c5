#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Nothing stays behind: after thousands of sessions that end in every state each process has as many open
# descriptors and as much memory as after the first; thousands of idle connections are no hindrance; out of
# descriptors a daemon waits without turning round, loses no mail, and recovers.
# MR_LEAKS_ROUNDS: how many times every kind of session (default 60).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use MIME::Base64 ();
use MrTest qw(wait_for slurp run_command);
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep);

my $ROUNDS = $ENV{MR_LEAKS_ROUNDS} || 60;
my $WARM = 8;         # rounds until every pool and cache is as large as it gets
my $GROWTH = 256;     # KB that a process may grow by in all later rounds: pieces of the heap, no leak of each session
my $IDLE = 2000;
my $CROWD = 60;       # connections at a daemon that may open $FILES descriptors
my $FILES = 64;
my $ALICE = 'alice@example.com';
my $BIG = ('x' x 70 . "\r\n") x 6000;    # more than queue_memory_message_limit

# The descriptors of this process are the limit, too.
my ($soft, $hard) = map { /^\d+$/ ? $_ : 1e9 } split ' ', `sh -c 'ulimit -Sn; ulimit -Hn'`;
if ($soft < $IDLE + 100 && $hard >= $IDLE + 100) {
    exec 'sh', '-c', 'ulimit -n ' . ($IDLE + 100) . '; exec "$@"', 'sh', $^X, $0;
}

my $m = MrTest->start(conf => {
    pop3d_failure_delay => '0s', pop3d_max_daemons => 200, pop3d_max_per_ip => 200,
    authd_verifier_count => 1, smtpd_error_sleep_time => '0s',
    minimal_backoff_time => '1s', queue_run_delay => '1s',
});
my $SECRET = $m->password($ALICE);

# ---- one session of each kind ---------------------------------------------------------------------

sub reset_connection {
    my ($s) = @_;
    setsockopt $s->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    close $s->{socket};
}

sub smtp_until {
    my (@lines) = @_;
    my $s = $m->smtp;
    $s->command($_) for @lines;
    return $s;
}

my @envelope = ('MAIL FROM:<a@example.net>', "RCPT TO:<$ALICE>");
my @kinds = (
    sub { MrDialogue->connect_to($m->smtp_port, protocol => 'smtp') },
    sub { reset_connection(MrDialogue->connect_to($m->smtp_port, protocol => 'smtp')) },
    sub { $m->smtp(ehlo => 0) },
    sub { smtp_until() },
    sub { reset_connection(smtp_until($envelope[0])) },
    sub { smtp_until(@envelope) },
    sub { smtp_until(@envelope)->send_raw("RSET\r\nMAIL FROM:<b\@example.net>\r\nRCPT TO:<$ALICE>\r\n") },
    sub { smtp_until(@envelope, 'RSET', 'QUIT') },
    sub { smtp_until(@envelope, 'DATA')->send_raw("Subject: half\r\n\r\nhal") },
    sub { my $s = smtp_until(@envelope, 'DATA'); $s->send_raw($BIG); reset_connection($s) },
    sub { smtp_until($envelope[0], 'RCPT TO:<nobody@example.com>', 'DATA', 'QUIT') },
    sub { smtp_until('AUTH LOGIN') },
    sub { smtp_until('AUTH LOGIN', MIME::Base64::encode_base64($ALICE, ''), '*', 'QUIT') },
    sub { smtp_until('AUTH PLAIN ' . MIME::Base64::encode_base64("\0$ALICE\0wrong", ''), 'QUIT') },
    sub { smtp_until('AUTH PLAIN ' . MIME::Base64::encode_base64("\0$ALICE\0$SECRET", ''), 'VRFY <alice@example.com>') },
    sub { smtp_until('x' x 5000, ('foo') x 3, 'NOOP') },
    sub { smtp_until(@envelope, 'DATA', "Subject: a\r\n\r\na\r\n.", 'QUIT') },
    sub { smtp_until(@envelope, 'DATA', "Subject: b\r\n\r\n$BIG.", 'QUIT') },
    sub { smtp_until(@envelope, 'DATA')->send_raw("Subject: c\r\n\r\nc\r\n.\r\n") },
    sub { MrDialogue->connect_to($m->pop3_port, protocol => 'pop3') },
    sub { reset_connection($m->pop3) },
    sub { my $s = $m->pop3; $s->command("USER $ALICE") },
    sub { my $s = $m->pop3; $s->command("USER $ALICE"); $s->command('PASS wrong') },
    sub { my $s = $m->pop3; $s->command('AUTH PLAIN') },
    sub { my $s = $m->pop3; $s->send_raw("USER $ALICE\r\nPASS $SECRET\r\n"); reset_connection($s) },
    sub { my $s = $m->pop3_login($ALICE); $s->command('STAT') },
    sub { my $s = $m->pop3_login($ALICE); $s->send_raw("LIST\r\nUIDL\r\nRETR 1\r\n"); reset_connection($s) },
    sub { $m->messages($ALICE) },
);

# One after another; what an unfinished one held is given back while the next ones run.
sub rounds {
    my ($n) = @_;
    for my $round (1 .. $n) {
        $_->() for @kinds;
    }
}

# ---- what the processes hold -----------------------------------------------------------------------

# pid => [program, descriptors, KB in memory] without the sessions of POP3, which are processes of their own.
sub holdings {
    my %all = $m->processes;
    my %found;
    for my $pid (keys %all) {
        my @fds = glob "/proc/$pid/fd/*";
        my ($rss) = (slurp("/proc/$pid/status") || '') =~ /^VmRSS:\s+(\d+)/m or next;
        my ($worker) = (slurp("/proc/$pid/cmdline") || '') =~ /\0-W\0?([a-z]+)/;
        $found{$pid} = ["$all{$pid} " . ($worker || 'parent'), scalar @fds, $rss];
    }
    return \%found;
}

# The sessions are over: no process of pop3d but the lasting ones, and no message under way.
sub quiet {
    my ($lasting) = @_;
    return wait_for(sub {
        my $now = holdings();
        my @more = grep { !$lasting->{$_} } keys %$now;
        my @other = grep { $now->{$_} && $now->{$_}[1] != $lasting->{$_}[1] } keys %$lasting;
        return !@more && !@other;
    }, 5);
}

subtest 'sessions of every kind' => sub {
    rounds(1);
    my $first;
    ok wait_for(sub { my $again = holdings(); sleep 1; $first = holdings(); keys %$first == keys %$again }, 20), 'the daemons come to rest';
    rounds($WARM);
    quiet($first);
    my $warm = holdings();
    rounds($ROUNDS - $WARM);
    quiet($warm);
    my $last = holdings();
    is join(' ', sort keys %$last), join(' ', sort keys %$first), 'the same processes';
    for my $pid (sort { $first->{$a}[0] cmp $first->{$b}[0] || $a <=> $b } grep { $last->{$_} } keys %$first) {
        my ($name, $descriptors) = @{ $warm->{$pid} };
        is $last->{$pid}[1], $descriptors, "$name: open descriptors" or diag join "\n", map { readlink } glob "/proc/$pid/fd/*";
      SKIP: {
            skip 'a sanitizer keeps freed memory for a while', 1 if $ENV{MR_SANITIZE};
            cmp_ok $last->{$pid}[2], '<=', $warm->{$pid}[2] + $GROWTH, "$name: memory (KB)";
        }
    }
};

# ---- very many clients -------------------------------------------------------------------------------

subtest "$IDLE idle connections" => sub {
    plan skip_all => "this process may open $hard files only" if $hard < $IDLE + 100;
    my @idle = map { $m->smtp } 1 .. $IDLE;
    $m->messages($ALICE);
    like $m->send('a@example.net', $ALICE, "Subject: between\r\n\r\nthem\r\n"), qr/^250 /, 'mail still flows';
    is scalar(my @got = $m->wait_messages($ALICE, 1)), 1, 'and can be read';
    is scalar(grep { $_->command('NOOP') =~ /^250 / } @idle[0, $IDLE / 2, -1]), 3, 'they are served';
};

# ---- out of descriptors --------------------------------------------------------------------------------

# Starts the daemon anew, so that each of its processes may open $files files.
sub restart_with {
    my ($service, $files) = @_;
    kill 'TERM', $m->pid($service);
    wait_for(sub { !grep { $_ eq $service } values %{ { $m->processes } } }, 20);
    my ($status, $output) =
        run_command(['sh', '-c', "ulimit -n $files; exec \"\$@\"", 'sh', $m->program($service), '-c', $m->etc]);
    is $status, 0, "$service with $files files" or diag $output;
}

# Ticks of the clock (1/100 s) that the processes of the daemon have used.
sub cpu_time {
    my ($service) = @_;
    my %processes = $m->processes;
    my $ticks = 0;
    for my $pid (grep { $processes{$_} eq $service } keys %processes) {
        my @field = split ' ', (slurp("/proc/$pid/stat") || '') =~ s/\A.*\) //sr;
        $ticks += $field[11] + $field[12] if @field;
    }
    return $ticks;
}

# Connections whose greeting has come.
sub greeted {
    my (@crowd) = @_;
    my $read = IO::Select->new(map { $_->{socket} } @crowd);
    my %ready = map { $_ => 1 } $read->can_read(0);
    return grep { $ready{ $_->{socket} } } @crowd;
}

# More clients than the daemon can have at once; how many were let in.
sub crowd {
    my ($service, $port) = @_;
    my @crowd = map { MrDialogue->connect_to($port, protocol => $service eq 'pop3d' ? 'pop3' : 'smtp') } 1 .. $CROWD;
    sleep 1;
    my $before = cpu_time($service);
    sleep 2;
    cmp_ok cpu_time($service) - $before, '<', 50, "$service does not turn round meanwhile (CPU ticks of 200)";
    my @in = greeted(@crowd);
    cmp_ok scalar(@in), '>', 0, scalar(@in) . " of $CROWD clients are let in";
    cmp_ok scalar(@in), '<', $CROWD, 'not all';
    $_->reply for @in;
    return (\@in, \@crowd);
}

subtest 'smtpd at the limit' => sub {
    restart_with('smtpd', $FILES);
    $m->messages($ALICE);
    my ($in, $crowd) = crowd('smtpd', $m->smtp_port);
    for my $step ('EHLO x.example', @envelope, 'DATA') {
        $_->ok($step) for @$in;
    }
    is scalar(grep { $_->command("Subject: crowd\r\n\r\nx\r\n.") =~ /^250 / } @$in), scalar @$in, 'each of them can send a message';
    my $n = @$in;
    close $_->{socket} for @$crowd;
    ok wait_for(sub { eval { $m->send('a@example.net', $ALICE, "Subject: after\r\n\r\nx\r\n") =~ /^250 / } }, 10), 'new clients are served again';
    is scalar(my @got = $m->wait_messages($ALICE, $n + 1)), $n + 1, 'all that was taken is there';
    restart_with('smtpd', 4096);
};

subtest 'pop3d at the limit' => sub {
    restart_with('pop3d', $FILES);
    my ($in, $crowd) = crowd('pop3d', $m->pop3_port);
    like $in->[0]->login($ALICE, $SECRET), qr/^\+OK/, 'one of them can log in';
    close $_->{socket} for @$crowd;
    ok wait_for(sub { eval { $m->pop3_login($ALICE)->quit } }, 10), 'new clients are served again';
    restart_with('pop3d', 4096);
};

subtest 'queue and localdeliver at the limit' => sub {
    for my $service (qw(queue localdeliver)) {
        restart_with($service, $FILES);
        wait_for(sub { eval { $m->send('a@example.net', $ALICE, "Subject: ready\r\n\r\nx\r\n") =~ /^250 / } }, 10);
        $m->messages($ALICE);
        my @open = map { smtp_until($envelope[0]) } 1 .. $CROWD;
        my @taken = grep { $_->command($envelope[1]) =~ /^250 / } @open;
        @taken = grep { $_->command('DATA') =~ /^354 / } @taken;
        cmp_ok scalar(@taken), '>', 0, "$service: " . @taken . " of $CROWD messages are begun";
        $_->send_raw("Subject: many\r\n\r\nx\r\n.\r\n") for @taken;
        my $accepted = grep { $_->reply =~ /^250 / } @taken;
        cmp_ok $accepted, '>', 0, "$service: $accepted are taken";
        my $before = cpu_time($service);
        sleep 1;
        cmp_ok cpu_time($service) - $before, '<', 50, "$service does not turn round (CPU ticks of 100)";
        my @got;
        wait_for(sub { push @got, grep { /^Subject: many/m } $m->messages($ALICE); @got >= $accepted }, 15);
        like $m->send('a@example.net', $ALICE, "Subject: after\r\n\r\nx\r\n"), qr/^250 /, "$service: mail flows afterwards";
        ok wait_for(sub { my @more = $m->messages($ALICE); push @got, grep { /^Subject: many/m } @more; grep { /^Subject: after/m } @more }, 10),
            "$service: and arrives";
        is scalar(@got), $accepted, "$service: what was taken is there, once";
        restart_with($service, 4096);
    }
};
done_testing;
