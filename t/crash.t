#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# All daemons are killed with SIGKILL at random under load, many times. Every message answered with
# 250 is in its mailboxes exactly once, no other more often than it was sent, and the spool is clean afterwards.
# MR_CRASH_KILLS: how many kills in each part (default 60).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use MrTest qw(wait_for slurp run_command);
use Test::More;
use Time::HiRes qw(sleep time);

my $KILLS = $ENV{MR_CRASH_KILLS} || 60;
my $SENDERS = 4;
my @SERVICES = qw(authd localdeliver queue smtpd);

# One session, one message; 1: 250 came, 0: refused or nothing was said behind the end of data.
sub send_one {
    my ($m, $id, @to) = @_;
    local $SIG{ALRM} = sub { die "timeout\n" };
    alarm 30;
    my $acked = eval {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $m->smtp_port) or die "connect\n";
        my $say = sub {
            my ($line, $want) = @_;
            print {$s} "$line\r\n" if defined $line;
            my $reply;
            do { $reply = <$s>; defined $reply or die "closed\n" } while $reply =~ /^\d\d\d-/;
            $reply =~ /^$want/ or die "reply $reply";
        };
        $say->(undef, 220);
        $say->('HELO client.example.net', 250);
        $say->('MAIL FROM:<sender@example.net>', 250);
        $say->("RCPT TO:<$_>", 250) for @to;
        $say->('DATA', 354);
        print {$s} "Subject: crash\r\nX-Id: $id\r\n\r\n" . ("x" x 70 . "\r\n") x 30;
        $say->('.', 250);
        1;
    };
    alarm 0;
    return $acked ? 1 : 0;
}

# Sends until the flag file appears; one line "id acked" a message into $file.
sub sender {
    my ($m, $n, $file, $flag) = @_;
    open my $out, '>', $file or die;
    my $i = 0;
    until (-e $flag) {
        my $id = "s$n-" . $i++;
        my @to = $i % 3 ? ('alice@example.com') : ('alice@example.com', 'postmaster@example.com');
        my $acked = send_one($m, $id, @to);
        print {$out} join(' ', $id, $acked, scalar @to), "\n";
        sleep 0.02 unless $acked;
    }
    close $out;
}

# A parent that was killed is started again, as an operator's init system does.
sub start_again {
    my ($m) = @_;
    for my $service (@SERVICES) {
        my $pid = $m->pid($service);
        next if $pid && kill(0, $pid) && (slurp("/proc/$pid/stat") || '') !~ /\) Z /;
        run_command([$m->program($service), '-c', $m->etc]);
    }
}

sub count_ids {
    my ($m) = @_;
    my %count;
    for my $path (glob $m->dir . '/domains/example.com/*/Maildir/{new,cur}/*') {
        my $text = slurp($path);
        $count{$1}++ if $text =~ /^X-Id: (\S+)/m;
        fail "$path is complete" unless $text =~ /(?:x{70}\n){30}\z/ || $text !~ /^X-Id/m;
    }
    return \%count;
}

sub spool_files {
    my ($m) = @_;
    my $spool = $m->dir . '/spool';
    return grep { -f } map { glob } "$spool/queue/*/*", "$spool/tmp/*", "$spool/staging/*", "$spool/corrupt/*";
}

sub storm {
    my ($name, %conf) = @_;
    my $m = MrTest->start(conf => { minimal_backoff_time => '1s', queue_run_delay => '1s', %conf });
    $m->{expected} = qr/killed by signal 9/;
    my $flag = $m->dir . '/enough';
    my @pids;
    for my $n (1 .. $SENDERS) {
        my $pid = fork;
        defined $pid or die "fork: $!";
        if (!$pid) {
            sender($m, $n, $m->dir . "/sent.$n", $flag);
            require POSIX;
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }
    sleep 1;
    for (1 .. $KILLS) {
        my %processes = $m->processes;
        my @candidates = grep { $processes{$_} ne 'pop3d' } keys %processes;
        kill 'KILL', $candidates[rand @candidates] if @candidates;
        sleep rand 0.3;
        start_again($m);
    }
    sleep 1;
    open my $f, '>', $flag or die;
    close $f;
    waitpid $_, 0 for @pids;
    start_again($m);

    ok wait_for(sub { !spool_files($m) }, 60), "$name: the spool is clean afterwards"
        or diag join "\n", spool_files($m), 'mailq or log:', ($m->log_lines(qr/deferred|warning/))[-20 .. -1];
    my $count = count_ids($m);
    my ($acked, $lost, $twice, $extra, $total) = (0) x 5;
    for my $n (1 .. $SENDERS) {
        for (split /\n/, slurp($m->dir . "/sent.$n")) {
            my ($id, $ok, $copies) = split;
            my $have = $count->{$id} || 0;
            $total++;
            $acked += $ok;
            if ($ok && $have < $copies) { $lost++; diag "$id: $have of $copies copies" }
            if ($ok && $have > $copies) { $twice++; diag "$id: $have copies, not $copies" }
            $extra++ if !$ok && $have > $copies;
        }
    }
    diag "$name: $KILLS kills, $total messages, $acked answered with 250";
    cmp_ok $acked, '>', $KILLS, "$name: mail was flowing between the kills";
    is $lost, 0, "$name: nothing answered with 250 was lost";
    is $twice, 0, "$name: nothing answered with 250 came twice";
    is $extra, 0, "$name: nothing came more often than it was sent";
    my @tmp = glob $m->dir . '/domains/example.com/*/Maildir/tmp/*';
    cmp_ok scalar @tmp, '<=', $KILLS * 64, "$name: unfinished files stay in tmp/ only";
}

storm('delivered before the answer');
storm('spooled first', deliver_before_ack_time => '0s');
done_testing;
