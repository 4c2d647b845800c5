#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# System calls that fail, through the whole suite: strace makes them fail in one process at a time while mail
# comes in over SMTP. Every message answered with 250 is in each of its mailboxes once; any other was answered with 4xx,
# is nowhere more than once, and has left nothing in the spool, in staging or in a Maildir's tmp.
# The same with disks that are full (root only).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use MrTest qw(wait_for slurp have_command run_command);
use Test::More;
use Time::HiRes qw(sleep);

my @TO = map { "$_\@example.com" } qw(alice postmaster);
my $BIG = ('x' x 70 . "\r\n") x 5000;    # more than is kept in memory
my %CALLS = (
    sync => [qw(fsync fdatasync syncfs)],
    write => [qw(write pwrite64 writev sendfile copy_file_range)],
    rename => [qw(rename renameat renameat2 link linkat)],
    open => [qw(open openat)],
    memory => [qw(memfd_create)],
    remove => [qw(unlink unlinkat)],
    sizes => [qw(ftruncate fallocate)],
    accept => [qw(accept accept4)],
    read => [qw(read pread64)],
    lookup => [qw(stat newfstatat access)],
);

# worker, what fails, error; `spool`: localdeliver is away, so that every message goes to the spool; `back`: and
# returns while they fail.
my @faults = (
    ['mda', 'sync', 'EIO'], ['mda', 'write', 'ENOSPC'], ['mda', 'rename', 'ENOSPC'], ['mda', 'open', 'ENOSPC'],
    ['mda', 'open', 'EMFILE'], ['mda', 'lookup', 'EIO'],
    ['queue', 'memory', 'EMFILE'], ['queue', 'open', 'ENOSPC'], ['queue', 'sizes', 'EIO'],
    ['queue', 'sync', 'EIO', 'spool'], ['queue', 'write', 'ENOSPC', 'spool'], ['queue', 'rename', 'ENOSPC', 'spool'],
    ['queue', 'open', 'ENOSPC', 'spool'], ['queue', 'memory', 'EMFILE', 'spool'],
    ['queue', 'remove', 'EIO', 'back'], ['smtpd', 'write', 'ENOSPC'], ['smtpd', 'accept', 'EMFILE'], ['authd', 'read', 'EIO'], ['authd', 'open', 'EMFILE'],
);

my $m = MrTest->start(conf => {
    minimal_backoff_time => '1s', maximal_backoff_time => '1s', queue_run_delay => '1s', deliver_before_ack_time => '2s',
    smtpd_error_sleep_time => '0s',
});
$m->messages($_) for @TO;
my ($serial, %sent) = (0);    # id => [code of the reply, recipients]
our $patience = 8;             # seconds that a reply may take

END { system 'umount', '-l', $_ for $m && $> == 0 ? grep { slurp('/proc/mounts') =~ m{ \Q$_\E } } map { $m->dir . $_ } qw(/spool /domains) : () }

# ---- sending and counting ----------------------------------------------------------------------------

# One message; the code of the answer, 421 where the connection was closed or stayed silent.
sub send_one {
    my ($content, @to) = @_;
    my $id = 'm' . $serial++;
    my $reply = eval {
        my $s = $m->smtp(timeout => $patience);
        $s->deliver('a@example.net', [@to], "Subject: fault\r\nX-Id: $id\r\n\r\n$content");
    };
    my ($code) = ($reply || $@) =~ /(?:\A|answered ")(\d\d\d) /;
    $sent{$id} = [$code || 421, @to];
    return $id;
}

sub count_ids {
    my %count;
    for my $path (glob $m->dir . '/domains/example.com/*/Maildir/{new,cur}/*') {
        my ($user) = $path =~ m{example\.com/(\w+)/};
        my $text = slurp($path);
        next unless defined $text && $text =~ /^X-Id: (\S+)/m;
        $count{$1}{"$user\@example.com"}++;
        fail("$path is complete") unless $text =~ /^end\r?\n\z/m;
    }
    return \%count;
}

sub remains {
    my $dir = $m->dir;
    my %processes = $m->processes;
    my @staging = grep { m{^/memfd:|/staging/} } map { readlink || () } map { glob "/proc/$_/fd/*" }
        grep { $processes{$_} eq 'queue' } keys %processes;
    return (@staging, grep { -f } glob "$dir/{spool/{queue/*,tmp,staging,corrupt},domains/example.com/*/Maildir/tmp}/*");
}

# The mail sent since the last judgement against what has become of it.
sub judge {
    my ($name) = @_;
    ok wait_for(sub { !remains() }, 20), "$name: nothing is left behind" or diag join "\n", remains();
    my $count = count_ids();
    my (@lost, @twice, @answers);
    for my $id (sort keys %sent) {
        my ($code, @to) = @{ $sent{$id} };
        push @answers, $code;
        for my $to (@to) {
            my $n = $count->{$id}{$to} || 0;
            push @lost, "$id $to" if $code == 250 && $n == 0;
            push @twice, "$id $to: $n" if $n > 1;
        }
    }
    is join(' ', @lost), '', "$name: no message answered with 250 is lost";
    is join(' ', @twice), '', "$name: none came twice";
    is join(' ', grep { !/^(?:250|4\d\d)$/ } @answers), '', "$name: answered with 250 or 4xx (@answers)";
    unlink glob $m->dir . '/domains/example.com/*/Maildir/{new,cur}/*';
    %sent = ();
}

# Small and large, to one and to two; the codes of the answers.
sub send_some {
    my @ids = map { (send_one($_, $TO[0]), send_one($_, @TO)) } "end\r\n", "${BIG}end\r\n";
    return join ' ', map { $sent{$_}[0] } @ids;
}

# ---- calls that fail ------------------------------------------------------------------------------------

# Process ids of the workers of that kind.
sub workers {
    my ($kind) = @_;
    my %processes = $m->processes;
    return grep { (slurp("/proc/$_/cmdline") || '') =~ /\0-W\0?$kind(?:\0|\z)/ } keys %processes;
}

# Runs $during while the calls of these processes fail; false when strace cannot do that.
sub with_fault {
    my ($pids, $calls, $error, $when, $during) = @_;
    my @options = map { ('-e', "inject=?$_:error=$error:when=$when") } @{ $CALLS{$calls} };
    my $pid = fork;
    defined $pid or die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', '/dev/null';
        { exec 'strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=' . join(',', map { "?$_" } @{ $CALLS{$calls} }), @options,
            map { ('-p', $_) } @$pids }
        require POSIX;
        POSIX::_exit(127);
    }
    my $attached = wait_for(sub { @$pids == grep { (slurp("/proc/$_/status") || '') =~ /^TracerPid:\s+[1-9]/m } @$pids }, 5);
    $during->() if $attached;
    kill 'INT', $pid;
    waitpid $pid, 0;
    return $attached;
}

sub stop_service {
    my ($service) = @_;
    my $pid = $m->pid($service) or return;
    kill 'TERM', $pid;
    wait_for(sub { !grep { $_ eq $service } values %{ { $m->processes } } }, 20);
}
sub start_service { run_command([$m->program($_[0]), '-c', $m->etc]) }

# The delivery process is there when a message has just been delivered.
sub warm {
    ok wait_for(sub { my $id = send_one("end\r\n", $TO[0]); $sent{$id}[0] == 250 && workers('mda') }, 10), 'mail flows';
}

SKIP: {
    skip 'needs strace', 1 unless have_command('strace');
    warm();
    skip 'strace cannot be used here', 1 unless with_fault([workers('mda')], 'sync', 'EIO', '1000', sub { });
    for my $fault (@faults) {
        my ($worker, $calls, $error, $spool) = @$fault;
        my $name = "$worker: $calls $error" . ($spool ? ', localdeliver away' : '');
        subtest $name => sub {
            stop_service('localdeliver') if $spool;
            local $patience = 1.5 if $calls eq 'accept';
            for my $when ('1+', '2+3') {    # all, and one of three
                warm() if !$spool;
                my $during = sub {
                    send_some();
                    start_service('localdeliver') if $spool && $spool eq 'back';
                    wait_for(sub { $m->log_lines(qr/cannot remove the queue file/) }, 5) if $spool && $spool eq 'back';
                };
                ok with_fault([workers($worker)], $calls, $error, $when, $during), "$when";
                stop_service('localdeliver') if $spool;
            }
            start_service('localdeliver') if $spool;
            if ($calls eq 'remove') {    # a staging file that kept its name goes when queue starts
                stop_service('queue');
                start_service('queue');
            }
            judge($name);
        };
    }
}

# ---- disks that are full ------------------------------------------------------------------------------------

my @ALL = qw(authd localdeliver queue smtpd pop3d);

# Runs $during with a small file system, full, over a directory of the instance, and judges after there is space.
sub with_full_disk {
    my ($place, $owner, $mode, $during) = @_;
    my $dir = $m->dir . "/$place";
    stop_service($_) for reverse @ALL;
    run_command(['cp', '-a', $dir, "$dir.before"]);
    my ($status, $output) = run_command(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', $dir]);
    plan(skip_all => "cannot mount: $output") if $status != 0;
    chmod $mode, $dir;
    chown +(getpwnam $owner)[2, 3], $dir;
    run_command(['cp', '-a', "$dir.before/.", $dir]);
    start_service($_) for @ALL;
    warm();
    wait_for(sub { !remains() }, 10);    # what ends later would make room
    stop_service('localdeliver') if $place eq 'spool';
    open my $fill, '>', "$dir/fill" or die "$dir/fill: $!\n";
    1 while syswrite $fill, 'x' x 4096;
    close $fill;
    $during->();
    unlink "$dir/fill";
    start_service('localdeliver');
    ok wait_for(sub { $sent{ send_one("end\r\n", @TO) }[0] == 250 }, 20), 'space is back: mail is taken again';
    judge("$place full");
    stop_service($_) for reverse @ALL;
    is + (run_command(['umount', $dir]))[0], 0, 'unmounted';
    start_service($_) for @ALL;
}

SKIP: {
    skip 'a full disk: needs root, to mount one', 1 if $> != 0;
    subtest 'the spool is on a full disk, and localdeliver away' => sub {
        with_full_disk('spool', 'root', 0755, sub {
            is send_some(), '451 451 451 451', 'nothing is taken';
        });
    };
    subtest 'the mailboxes are on a full disk' => sub {
        with_full_disk('domains', 'vuser', 0700, sub {
            is send_some(), '250 250 250 250', 'mail waits in the spool';
        });
    };
}
done_testing;
