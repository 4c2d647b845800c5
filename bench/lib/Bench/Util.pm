# SPDX-License-Identifier: ISC
# What the benchmark measures with: process trees, their CPU time and memory, load programs, system calls.
package Bench::Util;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use IO::Socket::UNIX;
use File::Path qw(make_path);
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(say_line run must spawn stop_pid slurp spit make_dir wait_for tree cpu_seconds pss_kib smtp_load
    count_files port_open median smtp_processes trace_start trace_stop);

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

# A directory, with its owner and mode. Returns the path.
sub make_dir {
    my ($path, $owner, $mode) = @_;
    make_path($path);
    chmod defined $mode ? $mode : 0755, $path;
    if (defined $owner) {
        my ($uid, $gid) = (getpwnam $owner)[2, 3];
        defined $uid or die "no user $owner\n";
        chown $uid, $gid, $path or die "$path: $!\n";
    }
    return $path;
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
    my @s = sort { $a <=> $b } grep { defined } @_;
    return @s ? $s[$#s / 2] : undef;
}

sub smtp_processes { my ($sessions) = @_; return $sessions < 10 ? $sessions : 10 }

# smtp-source: $o{messages} of $o{size} bytes from $o{sessions} sessions, to $o{rcpts} recipients each.
# Up to 10 processes, each to a mailbox of its own; their number divides messages and sessions. Seconds, or undef when one failed.
sub smtp_load {
    my (%o) = @_;
    my $k = smtp_processes($o{sessions});
    my $t = time;
    my @pids;
    for my $i (0 .. $k - 1) {
        my $n = $o{messages} / $k;
        my $to = $o{rcpts} > 1 ? "r\@$o{domain}" : sprintf "u%04d\@$o{domain}", $i;
        my @command = ('smtp-source', '-s', int($o{sessions} / $k), '-m', $n, '-l', $o{size}, '-f', 'bench@sender.example',
            '-t', $to, ($o{rcpts} > 1 ? ('-r', $o{rcpts}) : ()), "$o{host}:$o{port}");
        push @pids, spawn($o{log}, @command);
    }
    my $failed = 0;
    for (@pids) { waitpid $_, 0; $failed++ if $? }
    return $failed ? undef : time - $t;
}

# Counts system calls of these trees (and of what they start) until trace_stop.
sub trace_start {
    my ($file, @roots) = @_;
    my @pids = tree(@roots);
    my $pid = spawn('/dev/null', 'strace', '-f', '-qq', '-c', '-U', 'calls,name', '-o', $file, map { ('-p', $_) } @pids);
    wait_for(sub { !grep { slurp("/proc/$_/status") =~ /^TracerPid:\s+0$/m } @pids }, 20) or die "strace does not attach\n";
    return { pid => $pid, file => $file };
}

# name => count
sub trace_stop {
    my ($trace) = @_;
    kill 'INT', $trace->{pid};
    waitpid $trace->{pid}, 0;
    my %n;
    for (split /\n/, slurp($trace->{file})) { $n{$2} += $1 if /^\s*(\d+)\s+(\w+)\s*$/ && $2 ne 'total' }
    return \%n;
}

1;
