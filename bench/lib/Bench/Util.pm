# SPDX-License-Identifier: ISC
# What the benchmark measures with: process trees, their CPU time and memory, load programs, system calls.
package Bench::Util;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(say_line run must spawn stop_pid slurp spit wait_for tree cpu_seconds pss_kib smtp_load
    count_files port_open median syscalls);

my $HZ = POSIX::sysconf(POSIX::_SC_CLK_TCK());

sub say_line { local $| = 1; print @_, "\n" }

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or return '';
    local $/;
    my $text = <$f>;
    return defined $text ? $text : '';
}

sub spit {
    my ($path, $text, $mode) = @_;
    open my $f, '>:raw', $path or die "$path: $!\n";
    print {$f} $text or die "$path: $!\n";
    close $f or die "$path: $!\n";
    chmod $mode, $path if defined $mode;
}

# (status, output) of a command line.
sub run {
    my (@command) = @_;
    my $pid = open my $out, '-|';
    defined $pid or die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or print "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    local $/;
    my $text = <$out>;
    close $out;
    return ($?, defined $text ? $text : '');
}

sub must {
    my ($status, $text) = run(@_);
    $status == 0 or die "@_:\n$text\n";
    return $text;
}

# A program in the background; its process id.
sub spawn {
    my ($log, @command) = @_;
    my $pid = fork;
    defined $pid or die "fork: $!\n";
    if (!$pid) {
        POSIX::setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    return $pid;
}

sub stop_pid {
    my ($pid) = @_;
    return unless $pid && kill 'TERM', $pid;
    wait_for(sub { waitpid($pid, POSIX::WNOHANG()); !kill 0, $pid }, 15) or kill 'KILL', $pid;
    waitpid $pid, 0;
}

sub wait_for {
    my ($condition, $seconds) = @_;
    my $until = time + $seconds;
    while (time < $until) {
        my $r = $condition->();
        return $r if $r;
        sleep 0.05;
    }
    return;
}

sub port_open {
    my ($host, $port) = @_;
    return IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 2) ? 1 : 0;
}

# All processes below the given ones, themselves included.
sub tree {
    my (@roots) = @_;
    my (%children, @found, %seen);
    for my $stat (glob '/proc/[0-9]*/stat') {
        push @{ $children{$2} }, $1 if slurp($stat) =~ /\A(\d+) \(.*\) \S (\d+)/s;
    }
    while (defined(my $pid = shift @roots)) {
        next if $seen{$pid}++;
        push @found, $pid;
        push @roots, @{ $children{$pid} || [] };
    }
    return @found;
}

# User and system seconds of these trees, ended and awaited children included.
sub cpu_seconds {
    my ($sum) = (0);
    for my $pid (tree(@_)) {
        my $stat = slurp("/proc/$pid/stat") or next;
        $stat =~ s/\A.*\) //s;
        my @f = split ' ', $stat;
        $sum += $_ for @f[11 .. 14];
    }
    return $sum / $HZ;
}

# name => KiB of proportional set size, per process.
sub pss_kib {
    my (@list);
    for my $pid (tree(@_)) {
        my $text = slurp("/proc/$pid/smaps_rollup");
        my ($pss) = $text =~ /^Pss:\s+(\d+)/m or next;
        (my $name = slurp("/proc/$pid/cmdline")) =~ tr/\0/ /;
        push @list, [$pid, $name, $pss];
    }
    return @list;
}

sub count_files {
    my ($pattern) = @_;
    my $n = 0;
    for my $dir (glob $pattern) {
        opendir my $d, $dir or next;
        $n += grep { !/^\./ } readdir $d;
    }
    return $n;
}

sub median {
    my @s = sort { $a <=> $b } @_;
    return $s[@s / 2];
}

# smtp-source: $o{messages} of $o{size} bytes from $o{sessions} sessions, to $o{rcpts} recipients each.
# K processes, each to a mailbox of its own. Seconds, or undef when one failed.
sub smtp_load {
    my (%o) = @_;
    my $k = $o{sessions} < 10 ? $o{sessions} : 10;
    my $t = time;
    my @pids;
    for my $i (0 .. $k - 1) {
        my $n = int($o{messages} / $k);
        my $to = $o{rcpts} > 1 ? "r\@$o{domain}" : sprintf "u%04d\@$o{domain}", $i;
        my @command = ('smtp-source', '-s', int($o{sessions} / $k), '-m', $n, '-l', $o{size}, '-f', 'bench@sender.example',
            '-t', $to, ($o{rcpts} > 1 ? ('-r', $o{rcpts}) : ()), "$o{host}:$o{port}");
        push @pids, spawn($o{log} || '/dev/null', @command);
    }
    my $failed = 0;
    for (@pids) { waitpid $_, 0; $failed++ if $? }
    return $failed ? undef : time - $t;
}

# System calls of these trees while $work runs: name => count.
sub syscalls {
    my ($roots, $file, $work) = @_;
    my @p = map { ('-p', $_) } tree(@$roots);
    my $pid = spawn('/dev/null', 'strace', '-f', '-qq', '-c', '-U', 'calls,name', '-o', $file, @p);
    sleep 2;
    $work->();
    sleep 1;
    kill 'INT', $pid;
    waitpid $pid, 0;
    my %n;
    for (split /\n/, slurp($file)) { $n{$2} += $1 if /^\s*(\d+)\s+(\w+)\s*$/ && $2 ne 'total' }
    return \%n;
}

1;
